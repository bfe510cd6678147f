/** What pages ask of batches. */

import { keepPreviousData, type QueryClient, queryOptions } from '@tanstack/react-query'
import { api, call, type Schemas } from '@/lib/api'
import { mergeRows } from '@/lib/rows'
import { dayEnd, dayStart } from '@/lib/search-params'
import type { QueueFilters } from './queue-filters'

export type BatchDetail = Schemas['BatchDetail']

interface BatchPage {
  readonly ids: readonly string[]
  readonly next: string | null
  /** Batches of the filter, on all pages. */
  readonly total: number
}

/** Page `page`, from 1, of the batches that match. */
export function batchesQuery(client: QueryClient, filters: QueueFilters, page: number, pageSize: number) {
  return queryOptions({
    queryKey: ['batches', 'list', filters, pageSize, page],
    queryFn: async ({ signal }): Promise<BatchPage> => {
      const cursor = page > 1 ? await cursorOf(client, filters, page, pageSize) : undefined
      if (cursor === null) return { ids: [], next: null, total: 0 }
      const { from, to, status, project, text, order } = filters
      const answer = await call(
        api.GET('/batches', {
          params: {
            query: {
              status: status ? [...status] : undefined,
              project_id: project,
              text,
              created_from: dayStart(from),
              created_to: dayEnd(to),
              order: order ?? 'newest',
              limit: pageSize,
              cursor,
              total: true,
            },
          },
          signal,
        }),
      )
      mergeRows(client, 'batches', answer.items)
      return { ids: answer.items.map(({ id }) => id), next: answer.next_cursor, total: answer.total ?? 0 }
    },
    placeholderData: keepPreviousData,
    meta: { live: { kinds: ['batches'], everyMs: 2_000 } },
  })
}

/** Where a page begins: behind the one before, which is fetched where it is not known. Null: there is no such page. */
async function cursorOf(
  client: QueryClient,
  filters: QueueFilters,
  page: number,
  pageSize: number,
): Promise<string | null> {
  const before = await client.ensureQueryData(batchesQuery(client, filters, page - 1, pageSize))
  return before.next
}

export function batchQuery(client: QueryClient, batchId: string) {
  return queryOptions({
    queryKey: ['batches', 'detail', batchId],
    queryFn: async ({ signal }) => {
      const batch = await call(
        api.GET('/batches/{batch_id}', { params: { path: { batch_id: batchId } }, signal }),
      )
      mergeRows(client, 'batches', [batch])
      return batch
    },
    meta: { live: { kinds: ['batches', 'jobs'], everyMs: 2_000, isFigure: true } },
  })
}
