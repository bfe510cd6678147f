import { type QueryClient, queryOptions } from '@tanstack/react-query'
import { api, call } from '@/lib/api'
import { mergeRows } from '@/lib/rows'
import { dayEnd, dayOf } from '@/lib/search-params'

/** Figures are asked for each second while something runs, and now and then otherwise. Milliseconds. */
const BUSY_MS = 1_000
const QUIET_MS = 10_000

export const summaryQuery = queryOptions({
  queryKey: ['summary'],
  queryFn: () => {
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
    return call(api.GET('/summary', { params: { query: { time_zone: timeZone } } }))
  },
  refetchInterval: ({ state: { data } }) => (data && data.running_jobs > 0 ? BUSY_MS : QUIET_MS),
  meta: { live: { kinds: ['batches', 'jobs'], everyMs: BUSY_MS, isFigure: true } },
})

const SHOWN = 5

export function recentProjectsQuery(client: QueryClient) {
  return queryOptions({
    queryKey: ['projects', 'recent'],
    queryFn: async () => {
      const { items } = await call(api.GET('/projects', { params: { query: { limit: SHOWN } } }))
      mergeRows(client, 'projects', items)
      return items.map(({ id }) => id)
    },
    meta: { live: { kinds: ['projects'], everyMs: 5_000 } },
  })
}

export const failuresQuery = queryOptions({
  queryKey: ['letters', 'recent'],
  queryFn: async () => (await call(api.GET('/dead-letters', { params: { query: { limit: SHOWN } } }))).items,
  meta: { live: { kinds: ['jobs', 'batches'], everyMs: 5_000, isFigure: true } },
})

/** Jobs that wait for somebody: how many, and their batch where all are of one. */
export const waitingQuery = queryOptions({
  queryKey: ['jobs', 'waiting'],
  queryFn: async () => {
    const query = { paused_after: 'any' as const, limit: 200, total: true }
    const { items, total } = await call(api.GET('/jobs', { params: { query } }))
    const count = total ?? items.length
    const [batchId, ...others] = new Set(items.map((job) => job.batch_id))
    return { count, batchId: others.length === 0 && items.length === count ? batchId : undefined }
  },
  // Of jobs nothing is followed here, and a batch may not change with their pause.
  refetchInterval: 15_000,
  meta: { live: { kinds: ['batches'], everyMs: 3_000, isFigure: true } },
})

/** Batches that are planned to start before the day ends. */
export function plannedQuery(client: QueryClient) {
  return queryOptions({
    queryKey: ['batches', 'planned', dayOf(new Date())],
    queryFn: async () => {
      const query = {
        order: 'starts' as const,
        starts_from: new Date().toISOString(),
        starts_to: dayEnd(dayOf(new Date())),
        limit: SHOWN,
      }
      const { items } = await call(api.GET('/batches', { params: { query } }))
      mergeRows(client, 'batches', items)
      return items.map(({ id }) => id)
    },
    meta: { live: { kinds: ['batches'], everyMs: 5_000 } },
  })
}

/** Schedules that are due before the day ends. */
export const dueTodayQuery = queryOptions({
  queryKey: ['schedules', 'today'],
  queryFn: async () => {
    const { items } = await call(api.GET('/schedules', { params: { query: { limit: 200 } } }))
    const end = Date.parse(dayEnd(dayOf(new Date())) ?? '')
    return items
      .filter(({ next_run_at: next, paused_at }) => !paused_at && next !== null && Date.parse(next) <= end)
      .sort((a, b) => (a.next_run_at ?? '').localeCompare(b.next_run_at ?? ''))
      .slice(0, SHOWN)
  },
  staleTime: 60_000,
})
