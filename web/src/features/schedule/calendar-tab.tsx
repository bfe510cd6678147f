import { Skeleton, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { readerLanguage } from '@/lib/format'
import { useIs } from '@/lib/me'
import {
  type Cell,
  cellsOf,
  dayName,
  firstWeekdayOf,
  isOneOf,
  movedTo,
  startOfDay,
  step,
  titleOf,
  type View,
} from './calendar'
import { CalendarBar } from './calendar-bar'
import { CalendarGrid } from './calendar-grid'
import { CellDialog } from './cell-dialog'
import { EventDialog } from './event-dialog'
import { EventList } from './event-list'
import { focusMoved } from './focus-moved'
import { timesQuery } from './schedules'
import { type CalendarEvent, useEvents } from './use-events'
import { useMoveBatch } from './use-move-batch'

interface CalendarTabProps {
  readonly view: View
  readonly anchor: Date
  readonly onChange: (search: { view?: View; date?: string }) => void
  readonly onEditSchedule: (scheduleId: string) => void
  readonly onNewSchedule: (at: Date) => void
}

export function CalendarTab({ view, anchor, onChange, onEditSchedule, onNewSchedule }: CalendarTabProps) {
  const { t } = useTranslation('schedule')
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
  const move = useMoveBatch()
  const calendar = useRef<HTMLDivElement>(null)
  const title = titleOf(view, anchor, readerLanguage(), firstWeekday)
  const ahead = events.filter(({ at }) => at >= startOfDay(new Date()))
  const goTo = (day: Date) => onChange({ date: dayName(day) })
  return (
    <Stack gap="md" ref={calendar}>
      <CalendarBar
        title={title}
        view={view}
        times={times ?? []}
        platform={platform}
        onPlatform={(chosen) => {
          setPlatform(chosen)
          if (chosen && view === 'month') onChange({ view: 'week' })
        }}
        onView={(next) => onChange({ view: next })}
        onToday={() => goTo(new Date())}
        onStep={(by) => goTo(step(view, anchor, by))}
      />
      {ofPlatform && (
        <Text size="sm" c="dimmed">
          ★ {t(timesText(ofPlatform), { count: ofPlatform.report_count })}
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
          isSuggested={(each) => isOneOf(ofPlatform?.hours ?? [], each)}
          onCell={setCell}
          onEvent={setEvent}
          onMove={(moved, target) => void move(moved.id, movedTo(moved.at, target))}
          onStep={(by) => goTo(step(view, anchor, by))}
        />
      )}
      <Text size="xs" c="dimmed" visibleFrom="sm">
        {t('calendar.hint')}
      </Text>
      <Stack gap="xs" hiddenFrom="sm">
        <Text size="xs" c="dimmed">
          {t('calendar.hintShort')}
        </Text>
        {view !== 'day' && ahead.length > 0 && (
          <>
            <Title order={2} size="h5" mt="xs">
              {t('calendar.ahead')}
            </Title>
            <EventList label={t('calendar.ahead')} events={ahead} withDay onEvent={setEvent} />
          </>
        )}
      </Stack>
      {cell && (
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
      )}
      {event && (
        <EventDialog
          event={event}
          mayChange={mayChange}
          onMove={async (id, startsAt) => {
            setEvent(null)
            await move(id, startsAt)
            focusMoved(calendar.current, id)
          }}
          onEditSchedule={(id) => {
            setEvent(null)
            onEditSchedule(id)
          }}
          onClose={() => setEvent(null)}
        />
      )}
    </Stack>
  )
}

/** Where good times come from. */
function timesText({ source, report_count: count }: { source: string; report_count: number }) {
  if (source === 'own') return 'times.own'
  return count === 0 ? 'times.usualNone' : 'times.usual'
}
