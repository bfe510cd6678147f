/** What pages ask of jobs. Lists bring rows in and hold their ids. */

import { infiniteQueryOptions, keepPreviousData, type QueryClient, queryOptions } from '@tanstack/react-query'
import { api, call, type Schemas } from '@/lib/api'
import { mergeRows } from '@/lib/rows'
import type { JobFilters } from './filters'

export type JobDetail = Schemas['JobDetail']
export type Task = Schemas['Task']
export type Attempt = Schemas['Attempt']
export type Artifact = Schemas['Artifact']
export type JobScript = Schemas['JobScript']
export type ScriptScene = Schemas['ScriptScene']
export type JobPause = Schemas['JobPause']

/** Rows of one window of a long batch. */
export const WINDOW_ROWS = 200

/** Ids of the jobs at places `first` to `last` (from 1, both included), in their order. */
export function windowQuery(client: QueryClient, batchId: string, first: number, last: number) {
  return queryOptions({
    queryKey: ['jobs', 'windows', batchId, first, last],
    queryFn: async ({ signal }): Promise<readonly string[]> => {
      const page = await call(
        api.GET('/jobs', {
          params: {
            query: {
              batch_id: batchId,
              order: 'position',
              from_position: first,
              to_position: last,
              limit: WINDOW_ROWS,
            },
          },
          signal,
        }),
      )
      mergeRows(client, 'jobs', page.items)
      return page.items.map(({ id }) => id)
    },
    // Places do not change, and live messages keep the rows.
    staleTime: 300_000,
  })
}

/** Jobs of a batch that match, page by page. */
export function matchingQuery(client: QueryClient, batchId: string, filters: JobFilters) {
  return infiniteQueryOptions({
    queryKey: ['jobs', 'matching', batchId, filters],
    queryFn: async ({ pageParam, signal }) => {
      const page = await call(
        api.GET('/jobs', {
          params: {
            query: {
              ...queryOf(batchId, filters),
              order: filters.order ?? 'position',
              limit: WINDOW_ROWS,
              cursor: pageParam,
              total: pageParam === undefined,
            },
          },
          signal,
        }),
      )
      mergeRows(client, 'jobs', page.items)
      return { ids: page.items.map(({ id }) => id), next: page.next_cursor, total: page.total ?? null }
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: keepPreviousData,
    meta: { live: { kinds: ['jobs'], everyMs: 3_000 } },
  })
}

/** How many jobs of a batch wait for somebody. */
export function waitingCountQuery(batchId: string) {
  return queryOptions({
    queryKey: ['jobs', 'waiting', batchId],
    queryFn: async ({ signal }) => {
      const query = { batch_id: batchId, paused_after: 'any' as const, limit: 1, total: true }
      return (await call(api.GET('/jobs', { params: { query }, signal }))).total ?? 0
    },
    meta: { live: { kinds: ['jobs'], everyMs: 1_000 } },
  })
}

/** The jobs of a filter as the API names them. */
export function queryOf(batchId: string, filters: JobFilters): Schemas['JobFilter'] {
  return {
    batch_id: batchId,
    status: filters.status ? [...filters.status] : undefined,
    text: filters.text,
    platform: filters.platform,
    error_code: filters.error,
    lane: filters.lane,
    paused_after: filters.waits,
  }
}

export function jobQuery(client: QueryClient, jobId: string) {
  return queryOptions({
    queryKey: ['jobs', 'detail', jobId],
    queryFn: async ({ signal }) => {
      const job = await call(api.GET('/jobs/{job_id}', { params: { path: { job_id: jobId } }, signal }))
      mergeRows(client, 'jobs', [job])
      mergeRows(
        client,
        'tasks',
        job.tasks.map(({ attempts, ...task }) => ({ ...task, job_id: jobId })),
      )
      return job
    },
    // Only tasks of watched jobs come live.
    meta: { live: { kinds: ['tasks'], everyMs: 1_000, isFigure: true } },
  })
}

/** Fetched again when the job is made again, and when its script is written. */
export function scriptQuery({ id, generation, tasks }: JobDetail) {
  const written = tasks.find(({ stage }) => stage === 'script_generation')?.status
  return queryOptions({
    queryKey: ['jobs', 'script', id, generation, written],
    queryFn: ({ signal }) =>
      call(api.GET('/jobs/{job_id}/script', { params: { path: { job_id: id } }, signal })),
    placeholderData: (old, of) => (of?.queryKey[2] === id ? old : undefined),
  })
}

/** Who paused and resumed a job and what it belongs to, lately. */
export function pausesQuery(jobId: string) {
  return queryOptions({
    // Of the detail, which a pause of the tenant makes old.
    queryKey: ['jobs', 'detail', jobId, 'pauses'],
    queryFn: async ({ signal }) => {
      const params = { path: { job_id: jobId }, query: { limit: 200 } }
      return (await call(api.GET('/jobs/{job_id}/pauses', { params, signal }))).items
    },
    meta: { live: { kinds: ['jobs', 'batches', 'projects'], everyMs: 2_000 } },
  })
}

export function jobCostQuery(jobId: string) {
  return queryOptions({
    queryKey: ['costs', 'job', jobId],
    queryFn: ({ signal }) =>
      call(api.GET('/costs', { params: { query: { scope: 'job', scope_id: jobId } }, signal })),
  })
}

/** Signed URLs last so long; they are asked for again well before. Seconds. */
const URL_TTL_S = 900

/** URLs of files by their content id. */
export function urlsQuery(contentIds: readonly string[]) {
  return queryOptions({
    queryKey: ['assets', 'urls', contentIds],
    queryFn: async () => {
      const signed = await call(
        api.POST('/assets/signed-urls', { body: { content_ids: [...contentIds], ttl_s: URL_TTL_S } }),
      )
      return new Map(signed.items.map(({ content_id, url }) => [content_id, url]))
    },
    enabled: contentIds.length > 0,
    staleTime: (URL_TTL_S / 2) * 1_000,
    gcTime: (URL_TTL_S / 2) * 1_000,
    structuralSharing: false,
  })
}

export const errorCodesQuery = queryOptions({
  queryKey: ['error-codes'],
  queryFn: () => call(api.GET('/error-codes')),
  staleTime: 3_600_000,
})

export const voicesQuery = queryOptions({
  queryKey: ['voices'],
  queryFn: () => call(api.GET('/voices')),
  staleTime: 300_000,
})
