/** Who is signed in, as what, and in which tenant. */

import { type QueryClient, queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { api, call, onForbidden, type Schemas } from './api'
import { onSessionChange, renewEverywhere, session } from './session'

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

/** Ask again who one is whenever something was not allowed: a role that was taken away takes its buttons along. */
export function askAgainWhenForbidden(client: QueryClient): () => void {
  return onForbidden(() => void client.invalidateQueries({ queryKey: meQuery.queryKey }))
}

/** Act in another tenant from now on; everything known is of the old one. */
export function useSwitchTenant() {
  const client = useQueryClient()
  const router = useRouter()
  return useMutation({
    mutationFn: async (tenantId: string) => {
      await call(api.POST('/tenants/{tenant_id}/switch', { params: { path: { tenant_id: tenantId } } }))
      // What the address names may be the old tenant's.
      await router.navigate({ to: '/' })
      await renewEverywhere()
    },
    onSuccess: () => forgetAll(client),
  })
}

/** Forget everything whenever a new token acts in another tenant, also one that was chosen in another tab. */
export function forgetOnSwitch(client: QueryClient): () => void {
  const tenantOfSession = () => {
    const known = session()
    return known.status === 'signed-in' ? known.tenantId : undefined
  }
  let tenantId = tenantOfSession()
  return onSessionChange(() => {
    const before = tenantId
    tenantId = tenantOfSession()
    const isSwitch = before !== undefined && tenantId !== undefined && before !== tenantId
    // Nothing of the old tenant may stay on the screen.
    if (isSwitch) forgetAll(client).catch(() => location.reload())
  })
}

let forgetting: Promise<void> | undefined

/** What is shown is fetched anew, and by whoever one is now; calls at the same time share that. */
export function forgetAll(client: QueryClient): Promise<void> {
  forgetting ??= forget(client).finally(() => {
    forgetting = undefined
  })
  return forgetting
}

async function forget(client: QueryClient): Promise<void> {
  await client.cancelQueries()
  const me = await call(api.GET('/me'))
  // Whoever shows `me` keeps showing it, and hears of the new one; with its tenant all else begins anew.
  client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'me' && queryKey[0] !== 'config' })
  client.setQueryData(meQuery.queryKey, me)
}
