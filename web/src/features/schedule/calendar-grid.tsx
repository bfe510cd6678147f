/** The fields of the calendar, as a grid for keys; Tab goes through what is in the field that has the focus. */

import { useMediaQuery } from '@mantine/hooks'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { readerLanguage } from '@/lib/format'
import { type Cell, isIn, startOfDay, type View } from './calendar'
import { CalendarCell } from './calendar-cell'
import classes from './calendar-grid.module.css'
import { useCalendarPlace } from './use-calendar-place'
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

/** Hour that a day begins with, until one scrolls. */
const MORNING = 7

export function CalendarGrid(props: CalendarGridProps) {
  const { label, view, rows, events, mayChange, isSuggested, onCell, onEvent, onMove, onStep } = props
  const grid = useRef<HTMLDivElement>(null)
  const dragged = useRef<CalendarEvent | null>(null)
  const [over, setOver] = useState<string | null>(null)
  const isNarrow = useMediaQuery('(max-width: 47.99em)', undefined, { getInitialValueInEffect: false })
  const { row, column, setActive, onKey } = useCalendarPlace({ grid, view, rows, onCell, onStep })
  const firstHour = Math.min(MORNING, ...events.map(({ at }) => at.getHours()))
  // Today's column, and its morning, or what begins before, are what is looked at first.
  useEffect(() => {
    if (!grid.current) return
    const first = grid.current.querySelector<HTMLElement>(`[data-hour="${firstHour}"]`)
    const head = grid.current.querySelector<HTMLElement>('[data-head]')
    if (first && head) grid.current.scrollTop = first.offsetTop - head.offsetHeight
    const today = head?.querySelector<HTMLElement>('[data-today]')
    const hours = head?.querySelector<HTMLElement>('[role="columnheader"]')
    if (today && hours) grid.current.scrollLeft = today.offsetLeft - hours.offsetWidth
  }, [firstHour])
  const drop = (cell: Cell) => {
    setOver(null)
    if (dragged.current) onMove(dragged.current, cell)
    dragged.current = null
  }
  const hour = new Intl.DateTimeFormat(readerLanguage(), { hour: 'numeric' })
  return (
    // biome-ignore lint/a11y/useSemanticElements: a grid for keys is no table of data.
    <div role="grid" aria-label={label} className={classes.grid} data-view={view} ref={grid}>
      <Heads view={view} cells={rows[0] ?? []} />
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
            return (
              <CalendarCell
                key={place}
                cell={cell}
                view={view}
                place={place}
                events={events.filter((event) => isIn(event.at, cell))}
                isActive={rowAt === row && columnAt === column}
                isTiny={isNarrow && view === 'month'}
                isSuggested={isSuggested(cell)}
                isOver={over === place}
                mayChange={mayChange}
                onFocus={() => setActive([rowAt, columnAt])}
                onKey={(event) => onKey(event, cell)}
                onOpen={() => onCell(cell)}
                onEvent={onEvent}
                onDrag={(event) => {
                  dragged.current = event
                }}
                onOver={(isOver) => {
                  setOver(isOver && dragged.current ? place : null)
                  return dragged.current !== null
                }}
                onDrop={() => drop(cell)}
              />
            )
          })}
        </div>
      ))}
    </div>
  )
}

/** Weekdays, in a week and a day with their dates. */
function Heads({ view, cells }: { readonly view: View; readonly cells: readonly Cell[] }) {
  const { t } = useTranslation('schedule')
  const today = startOfDay(new Date()).getTime()
  const name = new Intl.DateTimeFormat(
    readerLanguage(),
    view === 'month' ? { weekday: 'short' } : { weekday: 'short', day: 'numeric', month: 'numeric' },
  )
  return (
    // biome-ignore lint/a11y/useSemanticElements: of the grid.
    // biome-ignore lint/a11y/useFocusableInteractive: the cells are.
    <div role="row" className={classes.row} data-head>
      {view !== 'month' && (
        // biome-ignore lint/a11y/useSemanticElements: of the grid.
        // biome-ignore lint/a11y/useFocusableInteractive: the cells are.
        <div role="columnheader" className={classes.head}>
          <span className="visually-hidden">{t('calendar.hour')}</span>
        </div>
      )}
      {cells.map(({ start }) => (
        // biome-ignore lint/a11y/useSemanticElements: of the grid.
        // biome-ignore lint/a11y/useFocusableInteractive: the cells are.
        <div
          key={start.toISOString()}
          role="columnheader"
          className={classes.head}
          data-today={(view !== 'month' && startOfDay(start).getTime() === today) || undefined}
        >
          {name.format(start)}
        </div>
      ))}
    </div>
  )
}
