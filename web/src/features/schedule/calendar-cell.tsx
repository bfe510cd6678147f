import { Text } from '@mantine/core'
import { IconStar } from '@tabler/icons-react'
import type { KeyboardEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { readerLanguage } from '@/lib/format'
import { type Cell, startOfDay, type View } from './calendar'
import classes from './calendar-grid.module.css'
import { EventButton } from './event-button'
import type { CalendarEvent } from './use-events'

interface CalendarCellProps {
  readonly cell: Cell
  readonly view: View
  /** Row and column, as keys find it. */
  readonly place: string
  readonly events: readonly CalendarEvent[]
  readonly isActive: boolean
  /** There is only room to show that there is something; a list of it is in the dialog of the cell. */
  readonly isTiny: boolean
  readonly isSuggested: boolean
  /** Something is dragged over it. */
  readonly isOver: boolean
  readonly mayChange: boolean
  readonly onFocus: () => void
  readonly onKey: (event: KeyboardEvent) => void
  readonly onOpen: () => void
  readonly onEvent: (event: CalendarEvent) => void
  readonly onDrag: (event: CalendarEvent) => void
  /** Told whether it is over this cell now; whether it may be dropped here. */
  readonly onOver: (isOver: boolean) => boolean
  readonly onDrop: () => void
}

/** Marks in a cell that has no room for more. */
const MOST_MARKS = 3

/** A day, or an hour of one, with what begins in it. */
export function CalendarCell(props: CalendarCellProps) {
  const { cell, view, place, events, isActive, isTiny, isSuggested, isOver, mayChange } = props
  const { onFocus, onKey, onOpen, onEvent, onDrag, onOver, onDrop } = props
  const { t } = useTranslation('schedule')
  const isToday = cell.start.getTime() === startOfDay(new Date()).getTime()
  const day = new Intl.DateTimeFormat(readerLanguage(), { weekday: 'long', day: 'numeric', month: 'long' })
  const hour = new Intl.DateTimeFormat(readerLanguage(), { hour: 'numeric' })
  const name =
    view === 'month' ? day.format(cell.start) : `${day.format(cell.start)}, ${hour.format(cell.start)}`
  const label = [name, t('calendar.count', { count: events.length }), isSuggested && t('times.good')]
  return (
    // biome-ignore lint/a11y/useSemanticElements: of the grid.
    <div
      role="gridcell"
      data-place={place}
      tabIndex={isActive ? 0 : -1}
      aria-label={label.filter(Boolean).join('. ')}
      aria-current={view === 'month' && isToday ? 'date' : undefined}
      className={classes.cell}
      data-outside={cell.isOutside || undefined}
      data-past={cell.end.getTime() < Date.now() || undefined}
      data-over={isOver || undefined}
      onFocus={onFocus}
      onKeyDown={onKey}
      onClick={(event) => event.target === event.currentTarget && onOpen()}
      onDragOver={(event) => onOver(true) && event.preventDefault()}
      onDragLeave={() => onOver(false)}
      onDrop={onDrop}
    >
      {view === 'month' && (
        <Text size="xs" className={classes.date} data-today={isToday || undefined} aria-hidden>
          {cell.start.getDate()}
        </Text>
      )}
      {isSuggested && <IconStar size={12} className={classes.star} aria-hidden />}
      {isTiny
        ? events
            .slice(0, MOST_MARKS)
            .map((event) => <span key={event.id} className={classes.mark} data-kind={event.kind} />)
        : events.map((event) => (
            <EventButton
              key={event.id}
              event={event}
              isReachable={isActive}
              isMovable={mayChange && event.kind === 'batch'}
              onOpen={() => onEvent(event)}
              onDragStart={() => onDrag(event)}
            />
          ))}
    </div>
  )
}
