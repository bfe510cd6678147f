import { infiniteQueryOptions, type QueryClient } from '@tanstack/react-query'
import { endless } from '@/components/endless'
import { api, call } from '@/lib/api'
import { mergeRows } from '@/lib/rows'
import { type HistoryFilter, jobsQueryOf } from './filter'

const PAGE_ROWS = 100

/** Ids of jobs, page by page; their rows are in `rows`. */
export function historyQuery(client: QueryClient, filter: HistoryFilter) {
  return infiniteQueryOptions({
    queryKey: ['jobs', 'history', filter],
    queryFn: async ({ pageParam, signal }) => {
      const query = { ...jobsQueryOf(filter), limit: PAGE_ROWS, cursor: pageParam, total: !pageParam }
      const page = await call(api.GET('/jobs', { params: { query }, signal }))
      mergeRows(client, 'jobs', page.items)
      return { ids: page.items.map(({ id }) => id), next_cursor: page.next_cursor, total: page.total }
    },
    ...endless,
    // Nothing is followed here, so of jobs only what their batches tell is heard.
    meta: { live: { kinds: ['batches'], everyMs: 10_000, isFigure: true } },
  })
}

export type ExportFormat = 'csv' | 'json'

/** All jobs of the filter as a file, in the order of the list, as the server writes it. */
export function exportHistory(
  filter: HistoryFilter,
  format: ExportFormat,
  signal: AbortSignal,
): Promise<Blob> {
  const query = { ...jobsQueryOf(filter), format }
  return call(api.GET('/jobs/export', { params: { query }, parseAs: 'blob', signal }))
}
