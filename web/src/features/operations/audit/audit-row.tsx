import { Badge, Box, Code, Collapse, Group, Text, UnstyledButton } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react'
import { useId } from 'react'
import { useTranslation } from 'react-i18next'
import { useMemberName } from '@/components/member-names'
import { formatTime } from '@/lib/format'
import type { AuditEvent } from './api'
import classes from './audit-row.module.css'
import { type Change, differenceOf, shown } from './difference'

const COLOR: Record<string, string> = { insert: 'teal', update: 'blue', delete: 'red' }

export function AuditRow({ event }: { readonly event: AuditEvent }) {
  const { t } = useTranslation('operations')
  const [isOpen, { toggle }] = useDisclosure()
  const nameOf = useMemberName()
  const id = useId()
  const changes = differenceOf(event.before, event.after)
  const IconOf = isOpen ? IconChevronDown : IconChevronRight
  return (
    <div className={classes.row}>
      <UnstyledButton
        className={classes.head}
        onClick={toggle}
        aria-expanded={isOpen}
        aria-controls={id}
        w="100%"
      >
        <Group gap="xs" wrap="nowrap" align="flex-start">
          <IconOf size={16} aria-hidden style={{ flexShrink: 0, marginBlockStart: 3 }} />
          <Group gap="2px 8px" flex={1} miw={0}>
            <Badge color={COLOR[event.action] ?? 'gray'}>{t(`audit.is.${event.action}`, event.action)}</Badge>
            <Text size="sm" fw={550}>
              {t(`audit.of.${event.entity}`, event.entity)}
            </Text>
            <Text size="sm" c="dimmed" className={classes.who}>
              {nameOf(event.user_id) ?? t(`audit.by.${event.user_id ? 'gone' : 'system'}`)} ·{' '}
              {t(`audit.is.${event.door}`, event.door)}
            </Text>
            <Text size="xs" c="dimmed" className={`figures ${classes.when}`}>
              {formatTime(event.created_at, 'short')}
            </Text>
          </Group>
        </Group>
      </UnstyledButton>
      <Collapse expanded={isOpen} id={id}>
        <Box pt="xs" ps={24}>
          {event.entity_id && (
            <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
              {event.entity_id}
            </Text>
          )}
          {changes.length === 0 && <Text size="sm">{t('audit.noChange')}</Text>}
          {changes.map((change) => (
            <ChangeLine key={change.field} change={change} />
          ))}
        </Box>
      </Collapse>
    </div>
  )
}

function ChangeLine({ change: { field, before, after } }: { readonly change: Change }) {
  const { t } = useTranslation('operations')
  return (
    <Group gap={6} mt={6} align="baseline">
      <Text size="sm" fw={550}>
        {field}
      </Text>
      {before !== undefined && (
        <Code style={{ overflowWrap: 'anywhere' }}>
          <span className="visually-hidden">{t('audit.before')}</span>
          <del>{shown(before)}</del>
        </Code>
      )}
      {before !== undefined && after !== undefined && <span aria-hidden>→</span>}
      {after !== undefined && (
        <Code style={{ overflowWrap: 'anywhere' }}>
          <span className="visually-hidden">{t('audit.after')}</span>
          <ins style={{ textDecoration: 'none', fontWeight: 600 }}>{shown(after)}</ins>
        </Code>
      )}
    </Group>
  )
}
