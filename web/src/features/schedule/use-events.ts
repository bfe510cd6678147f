import { useQueries, useQuery, useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import { type BatchRow, useRows } from '@/lib/rows'
import { plannedQuery, type Schedule, schedulesQuery, upcomingQuery } from './schedules'

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
  const upcoming = useQueries({
    queries: (list ?? []).map((each) => upcomingQuery(each)),
    combine: (results) => results.map(({ data }) => data),
  })
  const events = useMemo(() => {
    const ofBatches = batches.flatMap((batch): CalendarEvent[] =>
      batch.starts_at
        ? [{ kind: 'batch', id: batch.id, at: new Date(batch.starts_at), title: batchTitle(batch), batch }]
        : [],
    )
    const ofSchedules = (list ?? []).flatMap((schedule, at) =>
      (upcoming[at] ?? []).map(
        (moment): CalendarEvent => ({
          kind: 'run',
          id: `${schedule.id} ${moment}`,
          at: new Date(moment),
          title: schedule.name,
          schedule,
        }),
      ),
    )
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

export function batchTitle(batch: Pick<BatchRow, 'title' | 'number'>): string {
  return batch.title || `#${batch.number}`
}
