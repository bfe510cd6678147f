import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import type { SceneDraft } from './script-changes'

type SceneDrafts = Readonly<Record<number, SceneDraft>>

const NONE: SceneDrafts = {}

/** Kept until the page is left for good: a drawer is closed sooner than meant. */
function draftsQuery(scriptId: string) {
  return queryOptions<SceneDrafts>({
    queryKey: ['jobs', 'scene-drafts', scriptId],
    queryFn: () => NONE,
    initialData: NONE,
    staleTime: 'static',
    gcTime: Number.POSITIVE_INFINITY,
  })
}

/** What is typed into the scenes of a script, by their number, and how to change it. */
export function useSceneDrafts(scriptId: string) {
  const client = useQueryClient()
  const { data } = useQuery(draftsQuery(scriptId))
  const setDrafts = useCallback(
    (change: (drafts: SceneDrafts) => SceneDrafts) =>
      client.setQueryData<SceneDrafts>(draftsQuery(scriptId).queryKey, (drafts = NONE) => change(drafts)),
    [client, scriptId],
  )
  return [data, setDrafts] as const
}
