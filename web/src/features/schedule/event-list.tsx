import { Button, Stack } from '@mantine/core'
import { IconCalendarEvent, IconRepeat } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { readerLanguage } from '@/lib/format'
import classes from './event-list.module.css'
import type { CalendarEvent } from './use-events'

interface EventListProps {
  readonly label: string
  readonly events: readonly CalendarEvent[]
  /** Where they are not all of one day. */
  readonly withDay?: boolean
  readonly onEvent: (event: CalendarEvent) => void
}

/** What begins when, one below the other. */
export function EventList({ label, events, withDay = false, onEvent }: EventListProps) {
  const { t } = useTranslation('schedule')
  const time = new Intl.DateTimeFormat(readerLanguage(), {
    ...(withDay ? { weekday: 'short', day: 'numeric', month: 'short' } : {}),
    hour: 'numeric',
    minute: '2-digit',
  })
  return (
    <Stack component="ul" gap="xs" aria-label={label} className={classes.list}>
      {events.map((event) => {
        const IconOf = event.kind === 'run' ? IconRepeat : IconCalendarEvent
        return (
          <li key={event.id}>
            <Button
              variant="default"
              fullWidth
              justify="flex-start"
              classNames={{ root: classes.event, label: classes.text }}
              data-event={event.id}
              leftSection={<IconOf size={16} aria-hidden />}
              onClick={() => onEvent(event)}
            >
              <span className="visually-hidden">
                {t(event.kind === 'batch' ? 'calendar.batch' : 'calendar.run')}:
              </span>
              <span className={classes.title}>{event.title}</span>
              <span className={`figures ${classes.time}`}>{time.format(event.at)}</span>
            </Button>
          </li>
        )
      })}
    </Stack>
  )
}
