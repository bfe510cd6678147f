/** Rows of a table as topics: as many as there are, a few of them in the page. */

import { Box, Button, Group, Text } from '@mantine/core'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type RefObject, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatNumber } from '@/lib/format'
import type { NumberedTopic } from './draft'
import type { RowProblem } from './topic-problems'
import { TopicRow } from './topic-row'
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
  const replace = (changed: NumberedTopic) => {
    setEdited(null)
    onChange(rows.map((row) => (row.number === changed.number ? changed : row)))
  }
  const remove = (number: number) => {
    onChange(rows.filter((row) => row.number !== number))
    // What had the focus is gone with its row.
    viewport.current?.focus()
  }
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
      <div ref={viewport} className={classes.frame} tabIndex={-1}>
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
                <TopicRow
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
