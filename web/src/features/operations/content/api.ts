import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, call } from '@/lib/api'

export const healthQuery = queryOptions({
  queryKey: ['content', 'health'],
  queryFn: () => call(api.GET('/content/health')),
  refetchInterval: 15_000,
})

export const damagedQuery = queryOptions({
  queryKey: ['content', 'damaged'],
  queryFn: async () => (await call(api.GET('/content/damaged'))).items,
})

export const garbageQuery = queryOptions({
  queryKey: ['content', 'garbage'],
  queryFn: () => call(api.GET('/content/garbage')),
})

export function cacheQuery(by: 'stage' | 'project' | 'day') {
  return queryOptions({
    queryKey: ['content', 'cache', by],
    queryFn: async () => (await call(api.GET('/content/statistics', { params: { query: { by } } }))).items,
  })
}

export function useContentCommands() {
  const client = useQueryClient()
  const onSuccess = () => client.invalidateQueries({ queryKey: ['content'] })
  return {
    verify: useMutation({
      mutationFn: (sample: number) => call(api.POST('/content/verify', { body: { sample } })),
      onSuccess,
    }),
    repair: useMutation({
      mutationFn: (contentKey?: string) =>
        call(api.POST('/content/repair', { body: contentKey ? { content_key: contentKey } : {} })),
      onSuccess,
    }),
    collect: useMutation({ mutationFn: () => call(api.POST('/content/garbage')), onSuccess }),
  }
}
