/** Commands on all work of a team. What does not fit into a few seconds is asked for again until it is done. */

import { api, call } from '@/lib/api'

const at = (tenantId: string) => ({ path: { tenant_id: tenantId } })

export async function pauseEverything(tenantId: string, isNow: boolean): Promise<void> {
  await call(api.POST('/tenants/{tenant_id}/pause', { params: at(tenantId), body: { now: isNow } }))
}

export async function resumeEverything(tenantId: string): Promise<void> {
  await call(api.POST('/tenants/{tenant_id}/resume', { params: at(tenantId) }))
}

/** How many jobs were withdrawn. */
export async function cancelEverything(tenantId: string): Promise<number> {
  let count = 0
  for (;;) {
    const answer = await call(api.POST('/tenants/{tenant_id}/cancel', { params: at(tenantId) }))
    count += answer.changed_jobs
    if (answer.remaining_jobs === 0) return count
  }
}

export async function deleteTeam(tenantId: string): Promise<void> {
  await call(api.DELETE('/tenants/{tenant_id}', { params: at(tenantId) }))
}
