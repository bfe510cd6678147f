/** The platforms that there are, with their rules; they hardly ever change. */

import { queryOptions, useQuery } from '@tanstack/react-query'
import { api, call } from '@/lib/api'

export const platformsQuery = queryOptions({
  queryKey: ['platforms'],
  queryFn: async () => (await call(api.GET('/platforms'))).items,
  staleTime: Number.POSITIVE_INFINITY,
})

/** What people call a platform; its id until that is known. */
export function usePlatformName(): (platform: string) => string {
  const { data } = useQuery(platformsQuery)
  return (platform) => data?.find((each) => each.platform === platform)?.label ?? platform
}
