import { infiniteQueryOptions, type QueryClient } from '@tanstack/react-query'
import { endless } from '@/components/endless'
import { api, call, type Schemas } from '@/lib/api'
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

const EXPORT_ROWS = 200

/** All jobs of the filter, page by page, in the order of the list. */
export async function* readAllJobs(
  filter: HistoryFilter,
  signal: AbortSignal,
): AsyncGenerator<readonly Schemas['Job'][]> {
  let cursor: string | undefined
  do {
    const query = { ...jobsQueryOf(filter), limit: EXPORT_ROWS, cursor }
    const page = await call(api.GET('/jobs', { params: { query }, signal }))
    yield page.items
    cursor = page.next_cursor ?? undefined
  } while (cursor)
}
