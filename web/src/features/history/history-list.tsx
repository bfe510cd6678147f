/** The jobs of a filter as an endless list, of which only what is seen is in the page. */

import { Box, Card } from '@mantine/core'
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { useRef } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './history.module.css'
import { HistoryRow } from './history-row'

interface HistoryListProps {
  readonly ids: readonly string[]
  readonly total: number | null | undefined
  /** Told the place of the last row in the page. */
  readonly onReach: (place: number) => void
}

export function HistoryList({ ids, total, onReach }: HistoryListProps) {
  const { t } = useTranslation('history')
  const list = useRef<HTMLUListElement>(null)
  const rows = useWindowVirtualizer({
    count: ids.length,
    estimateSize: () => 62,
    overscan: 8,
    scrollMargin: list.current?.offsetTop ?? 0,
    getItemKey: (at) => ids[at] ?? at,
    onChange: (instance) => onReach(instance.range?.endIndex ?? 0),
  })
  return (
    <Card padding={0}>
      <div className={`${classes.row} ${classes.head}`} aria-hidden>
        <span>{t('columns.topic')}</span>
        <span>{t('columns.state')}</span>
        <span>{t('columns.when')}</span>
      </div>
      <Box component="ul" ref={list} aria-label={t('title')} className={classes.list} h={rows.getTotalSize()}>
        {rows.getVirtualItems().map((item) => (
          <li
            key={item.key}
            ref={rows.measureElement}
            data-index={item.index}
            aria-posinset={item.index + 1}
            aria-setsize={total ?? ids.length}
            className={classes.row}
            style={{ transform: `translateY(${item.start - rows.options.scrollMargin}px)` }}
          >
            <HistoryRow id={ids[item.index] ?? ''} />
          </li>
        ))}
      </Box>
    </Card>
  )
}
