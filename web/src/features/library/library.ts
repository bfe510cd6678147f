/** Scenes of the library: what is fetched, and what is asked to be changed. */

import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { endless } from '@/components/endless'
import { api, call, idempotencyKey, type Schemas } from '@/lib/api'

export type LibraryItem = Schemas['LibraryItem']
export type Category = LibraryItem['library_category']
export type Order = 'performance' | 'usage' | 'newest'

export const CATEGORIES = [
  'high_performance',
  'favorite',
  'experimental',
  'public',
  'archived',
] as const satisfies readonly Category[]
export const ORDERS = ['performance', 'usage', 'newest'] as const satisfies readonly Order[]

export interface LibraryFilter {
  readonly text?: string
  readonly tags?: string
  readonly category?: Category
  readonly order?: Order
  /** Also what other teams share. */
  readonly shared?: boolean
}

export function libraryQuery(filter: LibraryFilter) {
  return infiniteQueryOptions({
    queryKey: ['library', 'list', filter],
    queryFn: ({ pageParam: cursor }) =>
      call(
        api.GET('/library', { params: { query: { ...filter, limit: 48, ...(cursor ? { cursor } : {}) } } }),
      ),
    ...endless,
  })
}

/** The best scenes of a tag, as a wish for them takes them. */
export function bestOfTagQuery(tag: string, limit: number) {
  return queryOptions({
    queryKey: ['library', 'best', tag, limit],
    queryFn: async () => {
      const query = { tags: tag, order: 'performance' as const, limit: 50 }
      const { items } = await call(api.GET('/library', { params: { query } }))
      return items.filter((each) => each.library_category !== 'archived').slice(0, limit)
    },
  })
}

/** Tags that scenes have, the most used first. */
export const tagsQuery = queryOptions({
  queryKey: ['library', 'tags'],
  queryFn: async () => {
    const { items } = await call(api.GET('/library', { params: { query: { limit: 200 } } }))
    const counts = new Map<string, number>()
    for (const tag of items.flatMap((each) => [...each.specific_tags, ...each.generic_tags])) {
      counts.set(tag, (counts.get(tag) ?? 0) + 1)
    }
    return [...counts].sort(([, a], [, b]) => b - a).map(([tag]) => tag)
  },
})

export function itemQuery(id: string) {
  return queryOptions({
    queryKey: ['library', 'item', id],
    queryFn: () => call(api.GET('/library/items/{item_id}', { params: { path: { item_id: id } } })),
  })
}

export function versionsQuery(id: string) {
  return queryOptions({
    queryKey: ['library', 'versions', id],
    queryFn: async () =>
      (await call(api.GET('/library/items/{item_id}/versions', { params: { path: { item_id: id } } }))).items,
  })
}

export function usesQuery(id: string) {
  return queryOptions({
    queryKey: ['library', 'uses', id],
    queryFn: async () =>
      (await call(api.GET('/library/items/{item_id}/uses', { params: { path: { item_id: id } } }))).items,
  })
}

export function scriptQuery(jobId: string) {
  return queryOptions({
    queryKey: ['jobs', 'script', jobId],
    queryFn: () => call(api.GET('/jobs/{job_id}/script', { params: { path: { job_id: jobId } } })),
  })
}

/** What is asked of the library, all of which makes its lists old. */
export function useLibraryChange<T>(mutationFn: (of: T) => Promise<unknown>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn,
    onSuccess: () => client.invalidateQueries({ queryKey: ['library'] }),
  })
}

const at = (id: string) => ({ params: { path: { item_id: id } } })

export const changeItem = (id: string, body: Schemas['LibraryItemChange']) =>
  call(api.PATCH('/library/items/{item_id}', { ...at(id), body }))

export const shareItem = (id: string, isPublic: boolean) =>
  call(api.POST('/library/items/{item_id}/share', { ...at(id), body: { is_public: isPublic } }))

export const removeItem = (id: string) => call(api.DELETE('/library/items/{item_id}', at(id)))

export const addVersion = (id: string, body: Schemas['NewLibraryVersion']) =>
  call(api.POST('/library/items/{item_id}/versions', { ...at(id), body }))

export const addItem = (body: Schemas['NewLibraryItem']) =>
  call(api.POST('/library/items', { body, params: { header: idempotencyKey() } }))
