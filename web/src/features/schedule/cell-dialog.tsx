import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { IconCalendarPlus, IconRepeat } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { ButtonLink } from '@/components/links'
import { readerLanguage } from '@/lib/format'
import { useReturnFocus } from '@/lib/use-return-focus'
import { type Cell, isIn, type View } from './calendar'
import { EventList } from './event-list'
import type { CalendarEvent } from './use-events'

interface CellDialogProps {
  readonly cell: Cell
  readonly view: View
  readonly events: readonly CalendarEvent[]
  readonly mayChange: boolean
  readonly onDay: (day: Date) => void
  readonly onEvent: (event: CalendarEvent) => void
  readonly onNewSchedule: (at: Date) => void
  readonly onClose: () => void
}

/** Hour at which something planned for a day begins, until another is chosen. */
const MORNING = 9

/** What is on a day or in an hour, and what can be planned there. */
export function CellDialog(props: CellDialogProps) {
  const { cell, view, events, mayChange, onDay, onEvent, onNewSchedule, onClose } = props
  const { t } = useTranslation('schedule')
  const { t: common } = useTranslation()
  useReturnFocus()
  const start = new Date(cell.start)
  if (view === 'month') start.setHours(MORNING)
  const inside = events.filter((event) => isIn(event.at, cell))
  const isPast = start.getTime() <= Date.now()
  const title = new Intl.DateTimeFormat(
    readerLanguage(),
    view === 'month' ? { dateStyle: 'full' } : { dateStyle: 'full', timeStyle: 'short' },
  ).format(cell.start)
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      closeButtonProps={{ 'aria-label': common('actions.close') }}
    >
      <Stack>
        {inside.length > 0 && <EventList label={title} events={inside} onEvent={onEvent} />}
        {inside.length === 0 && (
          <Text size="sm" c="dimmed">
            {isPast ? t('cell.past') : t('cell.empty')}
          </Text>
        )}
        <Group gap="xs">
          {mayChange && !isPast && (
            <>
              <ButtonLink
                to="/batches/new"
                search={{ mode: 'many', start: start.toISOString() }}
                leftSection={<IconCalendarPlus size={16} aria-hidden />}
              >
                {t('cell.plan')}
              </ButtonLink>
              <Button
                variant="default"
                leftSection={<IconRepeat size={16} aria-hidden />}
                onClick={() => onNewSchedule(start)}
              >
                {t('cell.repeat')}
              </Button>
            </>
          )}
          {view === 'month' && (
            <Button variant="default" onClick={() => onDay(cell.start)}>
              {t('cell.day')}
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  )
}
