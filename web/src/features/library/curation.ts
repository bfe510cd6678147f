/** Curation of the library: what it would do by a policy, and doing it. */

import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, call, type Schemas } from '@/lib/api'

/** The numbers of a policy; scores are 0 to 10. */
export const LIMITS = [
  'promote_at',
  'demote_below',
  'archive_below',
  'archive_unused_days',
  'min_reports',
] as const
export type Limit = (typeof LIMITS)[number]
/** What is to differ from the team's policy. */
export type Policy = Partial<Record<Limit, number>>
type Curated = Schemas['CuratedLibrary']
type Tenant = NonNullable<Schemas['Me']['tenant']>

export const curate = (policy: Policy, isDryRun: boolean) =>
  call(api.POST('/library/curate', { body: { is_dry_run: isDryRun, policy } }))

/** Keep limits as the team's, and whether the library is sorted by them once a day. For admins and owners. */
export function keepPolicy(tenant: Tenant, policy: Policy, isAutomatic: boolean) {
  // Settings are replaced as a whole.
  const { curation } = tenant.settings as { curation?: object }
  return call(
    api.PATCH('/tenants/{tenant_id}', {
      params: { path: { tenant_id: tenant.id } },
      body: {
        settings: { ...tenant.settings, curation: { ...curation, ...policy, is_automatic: isAutomatic } },
      },
    }),
  )
}

export function curationQuery(policy: Policy) {
  return queryOptions({
    queryKey: ['library', 'curation', policy],
    queryFn: () => curate(policy, true),
    placeholderData: keepPreviousData,
    staleTime: 0,
  })
}

/** How many scenes would change to which category, and how many only their score. */
export function countsOf(changes: Curated['changes']) {
  const to = (category: string) =>
    changes.filter((each) => each.new_category === category && each.old_category !== category).length
  return {
    promoted: to('high_performance'),
    demoted: to('experimental'),
    archived: to('archived'),
    scored: changes.filter((each) => each.new_category === each.old_category).length,
  }
}
