/**
 * The fields of the calendar, as a grid for keys: arrows go from field to field, Enter opens one, and Tab goes through
 * what is in it.
 */

import { Text } from '@mantine/core'
import { IconStar } from '@tabler/icons-react'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { readerLanguage } from '@/lib/format'
import { type Cell, isIn, startOfDay, type View } from './calendar'
import classes from './calendar-grid.module.css'
import { EventButton } from './event-button'
import type { CalendarEvent } from './use-events'

interface CalendarGridProps {
  readonly label: string
  readonly view: View
  readonly rows: readonly (readonly Cell[])[]
  readonly events: readonly CalendarEvent[]
  readonly mayChange: boolean
  /** Whether an hour is one that is suggested. */
  readonly isSuggested: (cell: Cell) => boolean
  readonly onCell: (cell: Cell) => void
  readonly onEvent: (event: CalendarEvent) => void
  readonly onMove: (event: CalendarEvent, cell: Cell) => void
  /** Over the edge, to the view before or after. */
  readonly onStep: (by: number) => void
}

export function CalendarGrid(props: CalendarGridProps) {
  const { label, view, rows, events, mayChange, isSuggested, onCell, onEvent, onMove, onStep } = props
  const { t, i18n } = useTranslation('schedule')
  const grid = useRef<HTMLDivElement>(null)
  const dragged = useRef<CalendarEvent | null>(null)
  const [active, setActive] = useState<[number, number]>(() => placeOf(rows, new Date()))
  const [over, setOver] = useState<string | null>(null)
  const [row, column] = [
    Math.min(active[0], rows.length - 1),
    Math.min(active[1], (rows[0]?.length ?? 1) - 1),
  ]
  // The morning is what is looked at first.
  useEffect(() => {
    const seven = grid.current?.querySelector<HTMLElement>('[data-hour="7"]')
    if (grid.current && seven) grid.current.scrollTop = seven.offsetTop - seven.offsetHeight
  }, [])
  const go = (nextRow: number, nextColumn: number) => {
    const width = rows[0]?.length ?? 1
    const at = nextRow * width + nextColumn
    if (nextRow < 0 || nextRow >= rows.length || nextColumn < -1 || nextColumn > width) return
    if (view !== 'month' && (nextColumn < 0 || nextColumn >= width)) return
    const wrapped = Math.min(Math.max(at, 0), rows.length * width - 1)
    const place: [number, number] = [Math.floor(wrapped / width), wrapped % width]
    setActive(place)
    grid.current?.querySelector<HTMLElement>(`[data-place="${place.join()}"]`)?.focus()
  }
  const onKey = (event: KeyboardEvent, cell: Cell) => {
    const isRtl = i18n.dir() === 'rtl'
    const moves: Record<string, () => void> = {
      ArrowDown: () => go(row + 1, column),
      ArrowUp: () => go(row - 1, column),
      ArrowRight: () => go(row, column + (isRtl ? -1 : 1)),
      ArrowLeft: () => go(row, column + (isRtl ? 1 : -1)),
      Home: () => go(row, 0),
      End: () => go(row, (rows[0]?.length ?? 1) - 1),
      PageDown: () => onStep(1),
      PageUp: () => onStep(-1),
      Enter: () => onCell(cell),
      ' ': () => onCell(cell),
    }
    const move = event.target === event.currentTarget ? moves[event.key] : undefined
    if (!move) return
    event.preventDefault()
    move()
  }
  const drop = (cell: Cell) => {
    setOver(null)
    if (dragged.current) onMove(dragged.current, cell)
    dragged.current = null
  }
  const today = startOfDay(new Date()).getTime()
  const day = new Intl.DateTimeFormat(readerLanguage(), { weekday: 'long', day: 'numeric', month: 'long' })
  const hour = new Intl.DateTimeFormat(readerLanguage(), { hour: 'numeric' })
  const heads = new Intl.DateTimeFormat(
    readerLanguage(),
    view === 'month' ? { weekday: 'short' } : { weekday: 'short', day: 'numeric', month: 'numeric' },
  )
  return (
    // biome-ignore lint/a11y/useSemanticElements: a grid for keys is no table of data.
    <div role="grid" aria-label={label} className={classes.grid} data-view={view} ref={grid}>
      {/* biome-ignore lint/a11y/useSemanticElements: of the grid. */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: the cells are. */}
      <div role="row" className={classes.row} data-head>
        {view !== 'month' && (
          // biome-ignore lint/a11y/useSemanticElements: of the grid.
          // biome-ignore lint/a11y/useFocusableInteractive: the cells are.
          <div role="columnheader" className={classes.head}>
            <span className="visually-hidden">{t('calendar.hour')}</span>
          </div>
        )}
        {(rows[0] ?? []).map(({ start }) => (
          // biome-ignore lint/a11y/useSemanticElements: of the grid.
          // biome-ignore lint/a11y/useFocusableInteractive: the cells are.
          <div
            key={start.toISOString()}
            role="columnheader"
            className={classes.head}
            data-today={(view !== 'month' && startOfDay(start).getTime() === today) || undefined}
          >
            {heads.format(start)}
          </div>
        ))}
      </div>
      {rows.map((cells, rowAt) => (
        // biome-ignore lint/a11y/useSemanticElements: of the grid.
        // biome-ignore lint/a11y/useFocusableInteractive: the cells are.
        <div
          role="row"
          className={classes.row}
          key={cells[0]?.start.toISOString()}
          data-hour={view === 'month' ? undefined : rowAt}
        >
          {view !== 'month' && (
            // biome-ignore lint/a11y/useSemanticElements: of the grid.
            // biome-ignore lint/a11y/useFocusableInteractive: the cells are.
            <div role="rowheader" className={classes.hour}>
              {hour.format(cells[0]?.start)}
            </div>
          )}
          {cells.map((cell, columnAt) => {
            const place = `${rowAt},${columnAt}`
            const inside = events.filter((event) => isIn(event.at, cell))
            const isActive = rowAt === row && columnAt === column
            const isStar = isSuggested(cell)
            const name =
              view === 'month'
                ? day.format(cell.start)
                : `${day.format(cell.start)}, ${hour.format(cell.start)}`
            return (
              // biome-ignore lint/a11y/useSemanticElements: of the grid.
              <div
                key={place}
                role="gridcell"
                data-place={place}
                tabIndex={isActive ? 0 : -1}
                aria-label={`${name}. ${t('calendar.count', { count: inside.length })}${isStar ? `. ${t('times.good')}` : ''}`}
                aria-current={view === 'month' && cell.start.getTime() === today ? 'date' : undefined}
                className={classes.cell}
                data-outside={cell.isOutside || undefined}
                data-past={cell.end.getTime() < Date.now() || undefined}
                data-over={over === place || undefined}
                onFocus={() => setActive([rowAt, columnAt])}
                onKeyDown={(event) => onKey(event, cell)}
                onClick={(event) => event.target === event.currentTarget && onCell(cell)}
                onDragOver={(event) => {
                  if (!dragged.current) return
                  event.preventDefault()
                  setOver(place)
                }}
                onDragLeave={() => setOver(null)}
                onDrop={() => drop(cell)}
              >
                {view === 'month' && (
                  <Text
                    size="xs"
                    className={classes.date}
                    data-today={cell.start.getTime() === today || undefined}
                    aria-hidden
                  >
                    {cell.start.getDate()}
                  </Text>
                )}
                {isStar && <IconStar size={12} className={classes.star} aria-hidden />}
                {inside.map((event) => (
                  <EventButton
                    key={event.id}
                    event={event}
                    isReachable={isActive}
                    isMovable={mayChange && event.kind === 'batch'}
                    onOpen={() => onEvent(event)}
                    onDragStart={() => {
                      dragged.current = event
                    }}
                  />
                ))}
              </div>
            )
          })}
        </div>
      ))}
    </div>
  )
}

/** The cell of a moment, or else the first. */
function placeOf(rows: readonly (readonly Cell[])[], moment: Date): [number, number] {
  for (const [row, cells] of rows.entries()) {
    const column = cells.findIndex((cell) => isIn(moment, cell))
    if (column >= 0) return [row, column]
  }
  return [0, 0]
}
