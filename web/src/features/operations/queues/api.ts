import { queryOptions } from '@tanstack/react-query'
import { api, call } from '@/lib/api'

/** The tenant's own work by stage. */
export const queuesQuery = queryOptions({
  queryKey: ['queues'],
  queryFn: async () => (await call(api.GET('/queues'))).items,
  refetchInterval: 5_000,
  meta: { live: { kinds: ['batches', 'jobs'], everyMs: 1_000, isFigure: true } },
})

/** Who does the work, of all tenants. For admins. */
export const workersQuery = queryOptions({
  queryKey: ['workers'],
  queryFn: async () => (await call(api.GET('/workers'))).items,
  refetchInterval: 5_000,
})
