/** Names of projects, for rows that have their ids only. */

import { queryOptions, useQuery } from '@tanstack/react-query'
import { api, call } from '@/lib/api'

/** The newest; of more projects than this, older ones are found by their text. */
const MOST = 200

export const projectNamesQuery = queryOptions({
  queryKey: ['projects', 'names'],
  queryFn: async () => {
    const { items } = await call(api.GET('/projects', { params: { query: { limit: MOST } } }))
    return new Map(items.map((each) => [each.id, each.name || each.original_idea]))
  },
  staleTime: 30_000,
  meta: { live: { kinds: ['projects'], everyMs: 10_000 } },
})

const NONE: ReadonlyMap<string, string> = new Map()

export function useProjectNames(): ReadonlyMap<string, string> {
  return useQuery(projectNamesQuery).data ?? NONE
}
