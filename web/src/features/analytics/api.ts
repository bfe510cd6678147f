import { queryOptions } from '@tanstack/react-query'
import { api, call, type Schemas } from '@/lib/api'
import { type AnalyticsSearch, daysOf } from './search'

export type Analytics = Schemas['Analytics']
export type ServiceLevel = Schemas['ServiceLevel']

function scopeOf(search: AnalyticsSearch) {
  const { project, batch, platform } = search
  return { ...daysOf(search), project_id: project, batch_id: batch, platform }
}

export function analyticsQuery(search: AnalyticsSearch) {
  const query = scopeOf(search)
  return queryOptions({
    queryKey: ['analytics', query],
    queryFn: () => call(api.GET('/analytics', { params: { query } })),
    placeholderData: (old) => old,
    meta: { live: { kinds: ['batches', 'jobs'], everyMs: 10_000, isFigure: true } },
  })
}

export function contentQuery(search: AnalyticsSearch, order: 'best' | 'worst') {
  const query = { ...scopeOf(search), order, by: search.by ?? ('score' as const), limit: 5 }
  return queryOptions({
    queryKey: ['analytics', 'content', query],
    queryFn: async () => (await call(api.GET('/analytics/content', { params: { query } }))).items,
    placeholderData: (old) => old,
  })
}
