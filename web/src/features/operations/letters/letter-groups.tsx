import { Badge, Button, Card, Group, SimpleGrid, Text } from '@mantine/core'
import { IconMoodCheck, IconRefresh, IconTrash } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { Empty } from '@/components/empty'
import { useFailureText } from '@/components/error-texts'
import { Failed } from '@/components/failed'
import { RowSkeletons } from '@/components/row-skeletons'
import { formatAgo, formatNumber } from '@/lib/format'
import { say } from '@/lib/say'
import { useOperationsSearch } from '../use-search'
import { groupsQuery, type LetterGroup, type LetterScope, useLetterCommands } from './api'
import { DiscardDialog } from './discard-dialog'
import { RemedyBadge } from './remedy-badge'

/** Dead letters by error code and stage, with the next step; each group can be run again or put away. */
export function LetterGroups({ scope }: { readonly scope: LetterScope }) {
  const { t } = useTranslation('operations')
  const { data, error, isPending, refetch } = useQuery(groupsQuery(scope))
  const { replayAll } = useLetterCommands()
  const [replayed, setReplayed] = useState<LetterScope & { count: number }>()
  const [discarded, setDiscarded] = useState<{ scope: LetterScope; count: number }>()
  if (error) return <Failed error={error} onRetry={() => void refetch()} />
  if (isPending) return <RowSkeletons count={2} height={110} />
  if (data.length === 0) {
    return (
      <Empty icon={IconMoodCheck} title={t('letters.none')}>
        {t('letters.noneText')}
      </Empty>
    )
  }
  const all = data.reduce((sum, { count }) => sum + count, 0)
  return (
    <>
      <Group justify="space-between">
        <Text fw={600}>{t('letters.count', { count: all, formatted: formatNumber(all) })}</Text>
        <Button
          variant="default"
          leftSection={<IconRefresh size={16} aria-hidden />}
          onClick={() => setReplayed({ ...scope, error_code: undefined, stage: undefined, count: all })}
        >
          {t('letters.replayAll')}
        </Button>
      </Group>
      <SimpleGrid cols={{ base: 1, md: Math.min(data.length, 2) }}>
        {data.map((group) => (
          <GroupCard
            key={`${group.error_code} ${group.stage}`}
            group={group}
            onReplay={() =>
              setReplayed({ ...scope, error_code: group.error_code, stage: group.stage, count: group.count })
            }
            onDiscard={() =>
              setDiscarded({
                scope: { ...scope, error_code: group.error_code, stage: group.stage },
                count: group.count,
              })
            }
          />
        ))}
      </SimpleGrid>
      {replayed && (
        <ConfirmDialog
          title={t('letters.replayTitle')}
          confirm={t('letters.replay')}
          onClose={() => setReplayed(undefined)}
          onConfirm={async () => {
            const { count: _, ...wanted } = replayed
            say(t('letters.replayed', { count: await replayAll.mutateAsync(wanted) }))
          }}
        >
          {t('letters.replayText', { count: replayed.count, formatted: formatNumber(replayed.count) })}
        </ConfirmDialog>
      )}
      {discarded && <DiscardDialog {...discarded} onClose={() => setDiscarded(undefined)} />}
    </>
  )
}

interface GroupCardProps {
  readonly group: LetterGroup
  readonly onReplay: () => void
  readonly onDiscard: () => void
}

function GroupCard({ group, onReplay, onDiscard }: GroupCardProps) {
  const { t } = useTranslation('operations')
  const { t: tApp } = useTranslation()
  const { search, change } = useOperationsSearch()
  const { meaning, next } = useFailureText()({ ...group, error_message: group.meaning })
  const isChosen = search.code === group.error_code && search.stage === group.stage
  const toggle = () =>
    change(isChosen ? { code: undefined, stage: undefined } : { code: group.error_code, stage: group.stage })
  return (
    <Card>
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <div style={{ minWidth: 0 }}>
          <Text fw={600}>{meaning}</Text>
          <Text size="xs" c="dimmed">
            {tApp(`stage.${group.stage}`)} · {t('letters.last', { ago: formatAgo(group.last_at) })} ·{' '}
            <span style={{ overflowWrap: 'anywhere' }}>{group.error_code}</span>
          </Text>
        </div>
        <Badge size="lg" color="red" className="figures">
          {formatNumber(group.count)}
        </Badge>
      </Group>
      <Text size="sm" mt="xs">
        {next}
      </Text>
      <Group mt="sm" gap="xs">
        <RemedyBadge remedy={group.remedy} />
        <Button size="compact-sm" variant="default" aria-pressed={isChosen} onClick={toggle}>
          {isChosen ? t('letters.showAll') : t('letters.show')}
        </Button>
        <Button
          size="compact-sm"
          variant="light"
          leftSection={<IconRefresh size={14} aria-hidden />}
          onClick={onReplay}
        >
          {t('letters.replay')}
        </Button>
        <Button
          size="compact-sm"
          variant="subtle"
          color="gray"
          leftSection={<IconTrash size={14} aria-hidden />}
          onClick={onDiscard}
        >
          {t('letters.discard')}
        </Button>
      </Group>
    </Card>
  )
}
