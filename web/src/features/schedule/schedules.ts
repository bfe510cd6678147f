/** What is planned and what comes again and again: fetched, and changed. */

import { type QueryClient, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, call, idempotencyKey, type Schemas } from '@/lib/api'
import { mergeRows } from '@/lib/rows'

export type Schedule = Schemas['Schedule']

/** Next runs that are named of a schedule. */
const NEXT_RUNS = 3

/** Batches that are planned to start in a span of time; their ids. */
export function plannedQuery(client: QueryClient, from: Date, to: Date) {
  return queryOptions({
    queryKey: ['batches', 'planned', from.toISOString(), to.toISOString()],
    queryFn: async () => {
      const ids: string[] = []
      let cursor: string | null = null
      // Some hundred in a month are shown; nobody plans more by hand.
      do {
        const query = {
          order: 'starts' as const,
          starts_from: from.toISOString(),
          starts_to: to.toISOString(),
          limit: 200,
          ...(cursor ? { cursor } : {}),
        }
        const page: Schemas['BatchPage'] = await call(api.GET('/batches', { params: { query } }))
        mergeRows(client, 'batches', page.items)
        ids.push(...page.items.map(({ id }) => id))
        cursor = page.next_cursor
      } while (cursor && ids.length < 1_000)
      return ids
    },
    meta: { live: { kinds: ['batches'], everyMs: 3_000 } },
  })
}

export const schedulesQuery = queryOptions({
  queryKey: ['schedules', 'list'],
  queryFn: async () => (await call(api.GET('/schedules', { params: { query: { limit: 200 } } }))).items,
})

/** When all schedules run that do, in a span of time of up to two months; each a hundred times at most. */
export function occurrencesQuery(from: Date, to: Date) {
  const query = { starts_from: from.toISOString(), starts_to: to.toISOString() }
  return queryOptions({
    queryKey: ['schedules', 'occurrences', query.starts_from, query.starts_to],
    queryFn: async () => (await call(api.GET('/schedules/occurrences', { params: { query } }))).items,
    staleTime: 60_000,
  })
}

/** When a schedule runs next. */
export function upcomingQuery(schedule: Pick<Schedule, 'id' | 'version' | 'paused_at'>) {
  const { id, version, paused_at: pausedAt } = schedule
  return queryOptions({
    queryKey: ['schedules', 'upcoming', id, version],
    queryFn: async () => {
      const params = { path: { schedule_id: id }, query: { count: NEXT_RUNS } }
      return (await call(api.GET('/schedules/{schedule_id}/upcoming', { params }))).upcoming
    },
    enabled: pausedAt === null,
    staleTime: 60_000,
  })
}

/** When something with these fields of cron would run. */
export function previewQuery(cron: string, timeZone: string) {
  return queryOptions({
    queryKey: ['schedules', 'preview', cron, timeZone],
    queryFn: async () => {
      const query = { cron, time_zone: timeZone, count: 5 }
      return (await call(api.GET('/schedules/upcoming', { params: { query } }))).upcoming
    },
    retry: false,
  })
}

export function runsQuery(id: string) {
  return queryOptions({
    queryKey: ['schedules', 'runs', id],
    queryFn: async () => {
      const params = { path: { schedule_id: id }, query: { limit: 30 } }
      return (await call(api.GET('/schedules/{schedule_id}/runs', { params }))).items
    },
  })
}

/** Hours in which a platform's videos are watched most, by the reader's clock. */
export const timesQuery = queryOptions({
  queryKey: ['platforms', 'times', localZone()],
  queryFn: async () =>
    (await call(api.GET('/platforms/times', { params: { query: { time_zone: localZone() } } }))).items,
  staleTime: 3_600_000,
})

export function localZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone
}

/** What is asked of schedules, which makes all that is shown of them old. */
export function useScheduleChange<T>(mutationFn: (of: T) => Promise<unknown>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn,
    onSuccess: () => client.invalidateQueries({ queryKey: ['schedules'] }),
  })
}

const at = (id: string) => ({ params: { path: { schedule_id: id } } })

export const createSchedule = (body: Schemas['NewSchedule']) =>
  call(api.POST('/schedules', { body, params: { header: idempotencyKey() } }))

export const changeSchedule = (id: string, body: Schemas['ScheduleChange']) =>
  call(api.PATCH('/schedules/{schedule_id}', { ...at(id), body }))

export const actOnSchedule = (id: string, action: 'pause' | 'resume') =>
  call(api.POST('/schedules/{schedule_id}/actions', { ...at(id), body: { action } }))

export const runSchedule = (id: string) =>
  call(
    api.POST('/schedules/{schedule_id}/run', {
      params: { path: { schedule_id: id }, header: idempotencyKey() },
    }),
  )

export const deleteSchedule = (id: string) => call(api.DELETE('/schedules/{schedule_id}', at(id)))

/** Another start of a planned batch; null: now. */
export const startBatch = (id: string, startsAt: Date | null) =>
  call(
    api.POST('/batches/{batch_id}/start', {
      params: { path: { batch_id: id } },
      body: { starts_at: startsAt?.toISOString() ?? null },
    }),
  )
