import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import { batchTitle } from '@/features/batches/batch-title'
import { type BatchRow, useRows } from '@/lib/rows'
import { occurrencesQuery, plannedQuery, type Schedule, schedulesQuery } from './schedules'

/** Something on the calendar: a batch that is planned, or the next run of a schedule. */
export type CalendarEvent =
  | {
      readonly kind: 'batch'
      readonly id: string
      readonly at: Date
      readonly title: string
      readonly batch: BatchRow
    }
  | {
      readonly kind: 'run'
      readonly id: string
      readonly at: Date
      readonly title: string
      readonly schedule: Schedule
    }

const NONE: readonly string[] = []

/** All that begins in a span of time, in its order. */
export function useEvents(from: Date, to: Date) {
  const client = useQueryClient()
  const planned = useQuery(plannedQuery(client, from, to))
  const schedules = useQuery(schedulesQuery)
  const batches = useRows('batches', planned.data ?? NONE)
  const list = schedules.data
  const { data: upcoming } = useQuery(occurrencesQuery(from, to))
  const events = useMemo(() => {
    const ofBatches = batches.flatMap((batch): CalendarEvent[] =>
      batch.starts_at
        ? [{ kind: 'batch', id: batch.id, at: new Date(batch.starts_at), title: batchTitle(batch), batch }]
        : [],
    )
    const known = new Map(list?.map((schedule) => [schedule.id, schedule]))
    const ofSchedules = (upcoming ?? []).flatMap(({ schedule_id: scheduleId, upcoming: moments }) => {
      const schedule = known.get(scheduleId)
      if (!schedule) return []
      return moments.map(
        (moment): CalendarEvent => ({
          kind: 'run',
          id: `${schedule.id} ${moment}`,
          at: new Date(moment),
          title: schedule.name,
          schedule,
        }),
      )
    })
    return [...ofBatches, ...ofSchedules]
      .filter((event) => event.at >= from && event.at < to)
      .sort((a, b) => a.at.getTime() - b.at.getTime())
  }, [batches, list, upcoming, from, to])
  return {
    events,
    isPending: planned.isPending || schedules.isPending,
    error: planned.error ?? schedules.error,
    refetch: () => {
      void planned.refetch()
      void schedules.refetch()
    },
  }
}
