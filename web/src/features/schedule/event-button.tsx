import { UnstyledButton } from '@mantine/core'
import { IconRepeat } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { readerLanguage } from '@/lib/format'
import { usePendingCommand } from '@/lib/live/commands'
import classes from './calendar-grid.module.css'
import type { CalendarEvent } from './use-events'

interface EventButtonProps {
  readonly event: CalendarEvent
  /** By Tab: what is in the field that has the focus. */
  readonly isReachable: boolean
  readonly isMovable: boolean
  readonly onOpen: () => void
  readonly onDragStart: () => void
}

export function EventButton({ event, isReachable, isMovable, onOpen, onDragStart }: EventButtonProps) {
  const { t } = useTranslation('schedule')
  const pending = usePendingCommand(event.kind === 'batch' ? event.id : '')
  const time = new Intl.DateTimeFormat(readerLanguage(), { hour: 'numeric', minute: '2-digit' }).format(
    event.at,
  )
  const kind = t(event.kind === 'batch' ? 'calendar.batch' : 'calendar.run')
  return (
    <UnstyledButton
      className={classes.event}
      data-kind={event.kind}
      data-event={event.id}
      tabIndex={isReachable ? 0 : -1}
      draggable={isMovable}
      style={pending ? { opacity: 0.6 } : undefined}
      aria-label={`${kind}: ${event.title}, ${time}`}
      title={`${time} ${event.title}`}
      onClick={onOpen}
      onDragStart={(drag) => {
        drag.dataTransfer.effectAllowed = 'move'
        onDragStart()
      }}
    >
      {event.kind === 'run' && <IconRepeat size={11} aria-hidden style={{ marginInlineEnd: 3 }} />}
      <span className="figures">{time}</span> {event.title}
    </UnstyledButton>
  )
}
