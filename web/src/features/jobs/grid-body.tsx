// biome-ignore-all lint/a11y/useSemanticElements: a table cannot be virtual.
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus, and names the active row.
/** The rows of a long list that are seen, and a few around them. */

import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, type RefObject, useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { JobCommands } from './commands'
import classes from './job-grid.module.css'
import { JobGridRow, rowId } from './job-grid-row'
import { isSelected, type Selection } from './selection'
import type { JobList } from './use-job-list'

/** Rows rendered beyond what is seen, on each side. */
const OVERSCAN_ROWS = 5
/** Up to so many rows the page scrolls, not the list. */
const SHORT_ROWS = 12

export interface GridScroller {
  scrollTo: (index: number) => void
  /** Rows that fit. */
  pageRows: number
}

interface GridBodyProps {
  readonly list: JobList
  readonly rowHeight: number
  /** Of the names of the columns, which stay in sight. */
  readonly headHeight: number
  readonly active: number
  readonly selection: Selection
  readonly isControlled: boolean
  readonly scroller: RefObject<GridScroller>
  readonly commands: Pick<JobCommands, 'pause' | 'resume'>
  readonly onSeen: (first: number, last: number) => void
  readonly onKeyDown: (event: KeyboardEvent) => void
  readonly onSelect: (index: number, isRange: boolean) => void
  readonly onOpen: (index: number) => void
  readonly onRetry: (jobId: string) => void
}

export function GridBody(props: GridBodyProps) {
  const { list, rowHeight, headHeight, active, selection, scroller, onSeen, onKeyDown, ...row } = props
  const { t } = useTranslation('jobs')
  const element = useRef<HTMLDivElement>(null)
  const virtualizer = useVirtualizer({
    count: list.length,
    getScrollElement: () => element.current,
    estimateSize: () => rowHeight,
    overscan: OVERSCAN_ROWS,
    scrollMargin: headHeight,
    scrollPaddingStart: headHeight,
    useFlushSync: false,
  })
  const items = virtualizer.getVirtualItems()
  const first = items[0]?.index ?? 0
  const last = items.at(-1)?.index ?? 0
  useEffect(() => onSeen(first, last), [onSeen, first, last])
  // biome-ignore lint/correctness/useExhaustiveDependencies: all rows have another height then.
  useEffect(() => virtualizer.measure(), [rowHeight, headHeight])
  useEffect(() => {
    scroller.current = {
      scrollTo: (index) => virtualizer.scrollToIndex(index),
      pageRows: Math.max(1, Math.floor((element.current?.clientHeight ?? rowHeight) / rowHeight) - 1),
    }
  })
  const isShort = list.length <= SHORT_ROWS
  return (
    <div className={classes.frame}>
      <div
        ref={element}
        role="grid"
        tabIndex={0}
        className={classes.scroll}
        data-short={isShort}
        aria-label={t('grid.label')}
        aria-rowcount={list.total + 1}
        aria-multiselectable
        aria-activedescendant={active >= first && active <= last ? rowId(active) : undefined}
        onKeyDown={onKeyDown}
      >
        <GridHead />
        <div role="rowgroup" style={{ height: virtualizer.getTotalSize(), position: 'relative' }}>
          {items.map(({ index, start }) => {
            const jobId = list.idAt(index)
            return (
              <JobGridRow
                key={index}
                {...row}
                jobId={jobId}
                index={index}
                top={start - headHeight}
                height={rowHeight}
                isActive={index === active}
                isSelected={jobId !== null && isSelected(selection, jobId)}
              />
            )
          })}
        </div>
      </div>
    </div>
  )
}

function GridHead() {
  const { t } = useTranslation('jobs')
  const columns = ['select', 'position', 'topic', 'progress', 'status', 'actions'] as const
  return (
    <div role="rowgroup" className={classes.headGroup}>
      <div role="row" aria-rowindex={1} className={classes.head}>
        {columns.map((name) => (
          <div key={name} role="columnheader">
            {name === 'select' || name === 'actions' ? (
              <span className="visually-hidden">{t(`grid.${name}`)}</span>
            ) : (
              t(`grid.${name}`)
            )}
          </div>
        ))}
      </div>
    </div>
  )
}
