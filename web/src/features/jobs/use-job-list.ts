/**
 * The jobs of a batch as a long list of places. All of them in their order come in windows around what is seen; those of
 * a filter page by page, as one scrolls down.
 */

import { type QueryClient, useInfiniteQuery, useQueries, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useMemo } from 'react'
import { isPlain, type JobFilters } from './filters'
import { matchingQuery, WINDOW_ROWS, windowQuery } from './queries'

export interface JobList {
  /** Rows of the list; of a filter that is not fetched to its end, those that are known. */
  readonly length: number
  /** Jobs that match. */
  readonly total: number
  /** Null where the row has not come yet. */
  readonly idAt: (index: number) => string | null
  /** Ids of a range of places, both included; fetched where they are not known. */
  readonly idsBetween: (first: number, last: number) => Promise<string[]>
  /** Ids that are known. */
  readonly known: () => string[]
  readonly isLoading: boolean
  readonly error: Error | null
  readonly retry: () => void
}

/** @param seen Indexes of the first and last row that are seen, which is what is fetched. */
export function useJobList(
  batchId: string,
  jobCount: number,
  filters: JobFilters,
  seen: readonly [number, number],
): JobList {
  const plain = usePlainList(batchId, jobCount, seen, isPlain(filters))
  const matching = useMatchingList(batchId, filters, seen, !isPlain(filters))
  return isPlain(filters) ? plain : matching
}

/** Numbers, from 0, of the windows that a range of indexes touches. */
export function windowsOf(first: number, last: number, length: number): number[] {
  if (length === 0) return []
  const from = Math.floor(Math.max(0, first) / WINDOW_ROWS)
  const to = Math.floor(Math.min(last, length - 1) / WINDOW_ROWS)
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at)
}

function queryOfWindow(client: QueryClient, batchId: string, length: number, number: number) {
  const first = number * WINDOW_ROWS + 1
  return windowQuery(client, batchId, first, Math.min(first + WINDOW_ROWS - 1, length))
}

function usePlainList(
  batchId: string,
  length: number,
  [first, last]: readonly [number, number],
  enabled: boolean,
): JobList {
  const client = useQueryClient()
  const windows = enabled ? windowsOf(first, last, length) : []
  const results = useQueries({
    queries: windows.map((number) => queryOfWindow(client, batchId, length, number)),
  })
  const failed = results.find(({ isError }) => isError)
  const pages = new Map(windows.map((number, at) => [number, results[at]?.data]))
  const idAt = (index: number) => pages.get(Math.floor(index / WINDOW_ROWS))?.[index % WINDOW_ROWS] ?? null
  const idsBetween = useCallback(
    async (from: number, to: number) => {
      const all = await Promise.all(
        windowsOf(from, to, length).map((number) =>
          client.ensureQueryData(queryOfWindow(client, batchId, length, number)),
        ),
      )
      const start = Math.floor(from / WINDOW_ROWS) * WINDOW_ROWS
      return all.flat().slice(from - start, to - start + 1)
    },
    [client, batchId, length],
  )
  const known = useCallback(
    () =>
      windowsOf(0, length - 1, length).flatMap(
        (number) => client.getQueryData(queryOfWindow(client, batchId, length, number).queryKey) ?? [],
      ),
    [client, batchId, length],
  )
  return {
    length,
    total: length,
    idAt,
    idsBetween,
    known,
    isLoading: false,
    error: failed?.error ?? null,
    retry: () => results.forEach((each) => void (each.isError && each.refetch())),
  }
}

/** So many rows before the end of what is known the next page is fetched. */
const AHEAD_ROWS = 60

function useMatchingList(
  batchId: string,
  filters: JobFilters,
  [, last]: readonly [number, number],
  enabled: boolean,
): JobList {
  const client = useQueryClient()
  const { data, error, isPending, hasNextPage, isFetching, fetchNextPage, refetch } = useInfiniteQuery({
    ...matchingQuery(client, batchId, filters),
    enabled,
  })
  const ids = useMemo(() => data?.pages.flatMap((page) => page.ids) ?? [], [data])
  const isWanted = enabled && hasNextPage && !isFetching && !error && last >= ids.length - AHEAD_ROWS
  useEffect(() => {
    if (isWanted) void fetchNextPage()
  }, [isWanted, fetchNextPage])
  const idAt = useCallback((index: number) => ids[index] ?? null, [ids])
  const idsBetween = useCallback(async (from: number, to: number) => ids.slice(from, to + 1), [ids])
  const known = useCallback(() => [...ids], [ids])
  return {
    length: ids.length,
    total: data?.pages[0]?.total ?? ids.length,
    idAt,
    idsBetween,
    known,
    isLoading: enabled && isPending,
    error: ids.length === 0 ? error : null,
    retry: () => void refetch(),
  }
}
