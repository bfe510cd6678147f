/** Who is signed in, as what, and in which tenant. */

import { type QueryClient, queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, call, type Schemas } from './api'
import { renewEverywhere } from './session'

export type Me = Schemas['Me']
export type Role = NonNullable<Me['role']>

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: () => call(api.GET('/me')),
  staleTime: 60_000,
})

/** The signed-in user; only below the signed-in layout, which has fetched it. */
export function useMe(): Me {
  const { data } = useQuery(meQuery)
  if (!data) throw new Error('Nobody is signed in here.')
  return data
}

const RANK: Record<Role, number> = { viewer: 0, editor: 1, admin: 2, owner: 3 }

/**
 * Whether what needs a role is shown at all. The database decides what may be done; this only spares people buttons
 * that it would refuse.
 */
export function useIs(atLeast: Role): boolean {
  const { role } = useMe()
  return role !== null && RANK[role] >= RANK[atLeast]
}

/** Act in another tenant from now on; everything known is of the old one. */
export function useSwitchTenant() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async (tenantId: string) => {
      await call(api.POST('/tenants/{tenant_id}/switch', { params: { path: { tenant_id: tenantId } } }))
      await renewEverywhere()
    },
    onSuccess: () => forgetAll(client),
  })
}

export async function forgetAll(client: QueryClient): Promise<void> {
  await client.cancelQueries()
  client.clear()
  await client.fetchQuery(meQuery)
}
