/** Rows of a table as topics: as many as there are, a few of them in the page. */

import { ActionIcon, Badge, Box, Button, Group, Text, TextInput, Tooltip } from '@mantine/core'
import { IconAlertTriangle, IconPencil, IconTrash } from '@tabler/icons-react'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type RefObject, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatNumber } from '@/lib/format'
import type { NumberedTopic } from './draft'
import { ProblemReason } from './problem-reason'
import type { RowProblem } from './topic-problems'
import classes from './topic-rows.module.css'
import type { TopicField } from './topic-text'

interface TopicRowsProps {
  readonly name: string
  readonly rows: readonly NumberedTopic[]
  readonly problems: readonly RowProblem[]
  readonly field: RefObject<TopicField | null>
  readonly onChange: (rows: readonly NumberedTopic[]) => void
  readonly onRemoveAll: () => void
}

export function TopicRows({ name, rows, problems, field, onChange, onRemoveAll }: TopicRowsProps) {
  const { t } = useTranslation('batch-create')
  const viewport = useRef<HTMLDivElement>(null)
  const [edited, setEdited] = useState<number | null>(null)
  const byNumber = useMemo(() => ofRows(problems), [problems])
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => viewport.current,
    estimateSize: () => 45,
    overscan: 8,
    getItemKey: (at) => rows[at]?.number ?? at,
  })
  field.current = {
    jump: (number) => {
      const at = rows.findIndex((row) => row.number === number)
      if (at < 0) return
      list.scrollToIndex(at, { align: 'center' })
      setEdited(number)
    },
  }
  const replace = (number: number, topic: string) => {
    setEdited(null)
    onChange(rows.map((row) => (row.number === number ? { ...row, topic: { ...row.topic, topic } } : row)))
  }
  const remove = (number: number) => onChange(rows.filter((row) => row.number !== number))
  return (
    <div>
      <Group justify="space-between" mb="xs" gap="xs">
        <Text size="sm" fw={500}>
          {t('topics.rows', { count: rows.length, shown: formatNumber(rows.length), name })}
        </Text>
        <Button variant="subtle" size="compact-sm" onClick={onRemoveAll}>
          {t('topics.other')}
        </Button>
      </Group>
      <div ref={viewport} className={classes.frame}>
        <Box
          component="ul"
          aria-label={t('topics.title')}
          className={classes.list}
          style={{ height: list.getTotalSize() }}
        >
          {list.getVirtualItems().map(({ index, key, start }) => {
            const row = rows[index]
            if (!row) return null
            return (
              <li
                key={key}
                aria-setsize={rows.length}
                aria-posinset={index + 1}
                data-index={index}
                ref={list.measureElement}
                className={classes.row}
                style={{ transform: `translateY(${start}px)` }}
              >
                <Row
                  row={row}
                  problems={byNumber.get(row.number) ?? []}
                  isEdited={edited === row.number}
                  onEdit={() => setEdited(row.number)}
                  onLeave={() => setEdited(null)}
                  onReplace={replace}
                  onRemove={remove}
                />
              </li>
            )
          })}
        </Box>
      </div>
    </div>
  )
}

function ofRows(problems: readonly RowProblem[]): ReadonlyMap<number | null, RowProblem[]> {
  const byNumber = new Map<number | null, RowProblem[]>()
  for (const problem of problems) {
    byNumber.set(problem.number, [...(byNumber.get(problem.number) ?? []), problem])
  }
  return byNumber
}

interface RowProps {
  readonly row: NumberedTopic
  readonly problems: readonly RowProblem[]
  readonly isEdited: boolean
  readonly onEdit: () => void
  readonly onLeave: () => void
  readonly onReplace: (number: number, topic: string) => void
  readonly onRemove: (number: number) => void
}

function Row({ row, problems, isEdited, onEdit, onLeave, onReplace, onRemove }: RowProps) {
  const { t } = useTranslation('batch-create')
  const { number, topic } = row
  return (
    <Group wrap="nowrap" gap="sm" align="flex-start">
      <Text size="xs" c="dimmed" w={52} ta="end" pt={5} className="figures">
        {formatNumber(number)}
      </Text>
      <Box flex={1} miw={0}>
        {isEdited ? (
          <TopicInput topic={topic.topic} number={number} onDone={onReplace} onLeave={onLeave} />
        ) : (
          <Text size="sm" pt={3} truncate={problems.length === 0} c={topic.topic ? undefined : 'dimmed'}>
            {topic.topic || t('topics.empty')}
          </Text>
        )}
        {problems.map((problem) => (
          <Group key={problem.field} gap={6} wrap="nowrap" c="var(--mantine-color-error)" align="flex-start">
            <IconAlertTriangle size={14} aria-hidden style={{ flexShrink: 0, marginTop: 3 }} />
            <Text size="xs" lh={1.6}>
              <ProblemReason problem={problem} />
            </Text>
          </Group>
        ))}
      </Box>
      <Group gap={4} wrap="nowrap" visibleFrom="sm" pt={2}>
        {(topic.platforms ?? []).slice(0, 3).map((each) => (
          <Badge key={each} size="sm" color="gray">
            {each}
          </Badge>
        ))}
      </Group>
      <Group gap={2} wrap="nowrap">
        <Tooltip label={t('topics.edit')}>
          <ActionIcon
            variant="subtle"
            color="gray"
            onClick={onEdit}
            aria-label={t('topics.editRow', { number })}
          >
            <IconPencil size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
        <Tooltip label={t('topics.remove')}>
          <ActionIcon
            variant="subtle"
            color="gray"
            onClick={() => onRemove(number)}
            aria-label={t('topics.removeRow', { number })}
          >
            <IconTrash size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Group>
    </Group>
  )
}

interface TopicInputProps {
  readonly topic: string
  readonly number: number
  readonly onDone: (number: number, topic: string) => void
  readonly onLeave: () => void
}

function TopicInput({ topic, number, onDone, onLeave }: TopicInputProps) {
  const { t } = useTranslation('batch-create')
  const [text, setText] = useState(topic)
  const done = () => (text === topic ? onLeave() : onDone(number, text))
  return (
    <TextInput
      size="xs"
      aria-label={t('topics.ofRow', { number })}
      autoFocus
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={done}
      onKeyDown={(event) => {
        if (event.key === 'Enter') {
          event.preventDefault()
          done()
        }
        if (event.key === 'Escape') onLeave()
      }}
    />
  )
}
