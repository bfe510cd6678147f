import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ButtonLink } from '@/components/links'
import { StatusBadge } from '@/components/status'
import { asLocal } from '@/features/batch-create/request'
import { markFirstField } from '@/lib/first-field'
import { formatNumber, formatTime } from '@/lib/format'
import { useReturnFocus } from '@/lib/use-return-focus'
import type { CalendarEvent } from './use-events'

interface EventDialogProps {
  readonly event: CalendarEvent
  readonly mayChange: boolean
  /** Null: start it now. */
  readonly onMove: (batchId: string, startsAt: Date | null) => void
  readonly onEditSchedule: (scheduleId: string) => void
  readonly onClose: () => void
}

/** Something on the calendar: what it is, and another time for it. */
export function EventDialog({ event, mayChange, onMove, onEditSchedule, onClose }: EventDialogProps) {
  const { t } = useTranslation('schedule')
  const { t: common } = useTranslation()
  useReturnFocus()
  return (
    <Modal
      opened
      onClose={onClose}
      title={event.title}
      closeButtonProps={{ 'aria-label': common('actions.close') }}
    >
      {event.kind === 'batch' ? (
        <Planned key={event.id} event={event} mayChange={mayChange} onMove={onMove} />
      ) : (
        <Stack>
          <Text size="sm">{t('event.run', { time: formatTime(event.at.toISOString()) })}</Text>
          <Button
            variant="default"
            style={{ alignSelf: 'start' }}
            onClick={() => onEditSchedule(event.schedule.id)}
          >
            {t('event.toSchedule')}
          </Button>
        </Stack>
      )}
    </Modal>
  )
}

interface PlannedProps extends Pick<EventDialogProps, 'mayChange' | 'onMove'> {
  readonly event: Extract<CalendarEvent, { kind: 'batch' }>
}

function Planned({ event, mayChange, onMove }: PlannedProps) {
  const { t } = useTranslation('schedule')
  const [start, setStart] = useState(asLocal(event.at))
  const { batch } = event
  const move = (submitted: FormEvent) => {
    submitted.preventDefault()
    const moment = new Date(start)
    if (!Number.isNaN(moment.getTime())) onMove(batch.id, moment)
  }
  return (
    <Stack>
      <Group gap="sm">
        <StatusBadge status={batch.status} />
        <Text size="sm">
          {t('event.batch', {
            count: batch.job_count,
            shown: formatNumber(batch.job_count),
            time: formatTime(event.at.toISOString()),
          })}
        </Text>
      </Group>
      {mayChange && (
        <form ref={markFirstField} onSubmit={move}>
          <Group align="flex-end" gap="xs">
            <TextInput
              type="datetime-local"
              label={t('event.newStart')}
              required
              min={asLocal(new Date())}
              value={start}
              onChange={(change) => setStart(change.currentTarget.value)}
            />
            <Button type="submit">{t('event.move')}</Button>
          </Group>
        </form>
      )}
      <Group gap="xs">
        <ButtonLink variant="default" to="/batches/$batchId" params={{ batchId: batch.id }}>
          {t('event.open')}
        </ButtonLink>
        {mayChange && (
          <Button variant="default" onClick={() => onMove(batch.id, null)}>
            {t('event.startNow')}
          </Button>
        )}
      </Group>
    </Stack>
  )
}
