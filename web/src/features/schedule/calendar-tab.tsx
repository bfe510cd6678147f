import {
  ActionIcon,
  Button,
  Group,
  NativeSelect,
  SegmentedControl,
  Skeleton,
  Stack,
  Text,
} from '@mantine/core'
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { readerLanguage } from '@/lib/format'
import { withPending } from '@/lib/live/commands'
import { useIs } from '@/lib/me'
import { say, sayError } from '@/lib/say'
import { type Cell, cellsOf, dayName, firstWeekdayOf, movedTo, step, type View } from './calendar'
import { CalendarGrid } from './calendar-grid'
import { CellDialog } from './cell-dialog'
import { EventDialog } from './event-dialog'
import { startBatch, timesQuery } from './schedules'
import { type CalendarEvent, useEvents } from './use-events'

interface CalendarTabProps {
  readonly view: View
  readonly anchor: Date
  readonly onChange: (search: { view?: View; date?: string }) => void
  readonly onEditSchedule: (scheduleId: string) => void
  readonly onNewSchedule: (at: Date) => void
}

export function CalendarTab({ view, anchor, onChange, onEditSchedule, onNewSchedule }: CalendarTabProps) {
  const { t } = useTranslation('schedule')
  const client = useQueryClient()
  const mayChange = useIs('editor')
  const [platform, setPlatform] = useState('')
  const [cell, setCell] = useState<Cell | null>(null)
  const [event, setEvent] = useState<CalendarEvent | null>(null)
  const { data: times } = useQuery(timesQuery)
  const firstWeekday = firstWeekdayOf(readerLanguage())
  const rows = useMemo(() => cellsOf(view, anchor, firstWeekday), [view, anchor, firstWeekday])
  const from = rows[0]?.[0]?.start ?? anchor
  const to = rows.at(-1)?.at(-1)?.end ?? anchor
  const { events, isPending, error, refetch } = useEvents(from, to)
  const ofPlatform = times?.find((each) => each.platform === platform)
  const isSuggested = ({ start, end }: Cell) =>
    end.getTime() - start.getTime() <= 3_600_000 &&
    Boolean(
      ofPlatform?.hours.some(
        (each) => each.weekday === (start.getDay() || 7) && each.hour === start.getHours(),
      ),
    )
  const move = async (id: string, startsAt: Date | null) => {
    if (startsAt && startsAt.getTime() <= Date.now()) return sayError(new Error(t('event.past')))
    try {
      await withPending(client, { kind: 'batches', id, command: 'start' }, () => startBatch(id, startsAt))
      await client.invalidateQueries({ queryKey: ['batches', 'planned'] })
      say(startsAt ? t('event.moved') : t('event.started'))
    } catch (failure) {
      sayError(failure)
    }
  }
  const title = new Intl.DateTimeFormat(
    readerLanguage(),
    view === 'day' ? { dateStyle: 'full' } : { month: 'long', year: 'numeric' },
  ).format(anchor)
  const goTo = (day: Date) => onChange({ date: dayName(day) })
  return (
    <Stack gap="md">
      <Group justify="space-between" gap="sm">
        <Group gap="xs">
          <Button variant="default" size="sm" onClick={() => goTo(new Date())}>
            {t('calendar.today')}
          </Button>
          <ActionIcon
            variant="default"
            size={36}
            aria-label={t(`calendar.before.${view}`)}
            onClick={() => goTo(step(view, anchor, -1))}
          >
            <IconChevronLeft size={18} aria-hidden className="flip-rtl" />
          </ActionIcon>
          <ActionIcon
            variant="default"
            size={36}
            aria-label={t(`calendar.after.${view}`)}
            onClick={() => goTo(step(view, anchor, 1))}
          >
            <IconChevronRight size={18} aria-hidden className="flip-rtl" />
          </ActionIcon>
          <Text fw={650} size="lg" role="status">
            {title}
          </Text>
        </Group>
        <Group gap="xs">
          <NativeSelect
            aria-label={t('times.label')}
            data={[
              { value: '', label: t('times.none') },
              ...(times ?? []).map((each) => ({
                value: each.platform,
                label: t('times.of', { platform: each.label }),
              })),
            ]}
            value={platform}
            onChange={(change) => {
              setPlatform(change.currentTarget.value)
              if (change.currentTarget.value && view === 'month') onChange({ view: 'week' })
            }}
          />
          <SegmentedControl
            aria-label={t('calendar.view')}
            data={(['month', 'week', 'day'] as const).map((value) => ({ value, label: t(`view.${value}`) }))}
            value={view}
            onChange={(next) => onChange({ view: next as View })}
          />
        </Group>
      </Group>
      {ofPlatform && (
        <Text size="sm" c="dimmed">
          ★ {t(ofPlatform.source === 'own' ? 'times.own' : 'times.usual', { count: ofPlatform.report_count })}
        </Text>
      )}
      {error && <Failed error={error} onRetry={refetch} />}
      {isPending ? (
        <Skeleton h={560} />
      ) : (
        <CalendarGrid
          key={`${view} ${dayName(from)}`}
          label={title}
          view={view}
          rows={rows}
          events={events}
          mayChange={mayChange}
          isSuggested={isSuggested}
          onCell={setCell}
          onEvent={setEvent}
          onMove={(moved, target) => void move(moved.id, movedTo(moved.at, target))}
          onStep={(by) => goTo(step(view, anchor, by))}
        />
      )}
      <Text size="xs" c="dimmed">
        {t('calendar.hint')}
      </Text>
      <CellDialog
        cell={cell}
        view={view}
        events={events}
        mayChange={mayChange}
        onDay={(day) => {
          setCell(null)
          onChange({ view: 'day', date: dayName(day) })
        }}
        onEvent={(each) => {
          setCell(null)
          setEvent(each)
        }}
        onNewSchedule={(moment) => {
          setCell(null)
          onNewSchedule(moment)
        }}
        onClose={() => setCell(null)}
      />
      <EventDialog
        event={event}
        mayChange={mayChange}
        onMove={(id, startsAt) => {
          setEvent(null)
          void move(id, startsAt)
        }}
        onEditSchedule={(id) => {
          setEvent(null)
          onEditSchedule(id)
        }}
        onClose={() => setEvent(null)}
      />
    </Stack>
  )
}
