import { queryOptions, useQuery } from '@tanstack/react-query'
import { api, call } from '@/lib/api'

export const membersQuery = queryOptions({
  queryKey: ['members'],
  queryFn: async () => (await call(api.GET('/members'))).items,
})

/** The address of a member; nothing of who is no member any more. */
export function useMemberName(): (userId: string | null) => string | undefined {
  const { data } = useQuery(membersQuery)
  return (userId) => data?.find((each) => each.user_id === userId)?.email ?? undefined
}
