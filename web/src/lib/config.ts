import { queryOptions, useQuery } from '@tanstack/react-query'
import { api, call, type Schemas } from './api'

/** Which Supabase project this deployment uses; nothing of it is secret, and it does not change. */
export const configQuery = queryOptions({
  queryKey: ['config'],
  queryFn: () => call(api.GET('/config')),
  staleTime: Number.POSITIVE_INFINITY,
})

/** Only below the signed-in layout, which has fetched it. */
export function useConfig(): Schemas['ClientConfig'] {
  const { data } = useQuery(configQuery)
  if (!data) throw new Error('The configuration is fetched by the signed-in layout.')
  return data
}
