/** Whether a job stands still though it is not over, and for whom. */

import type { Status } from '@/components/status'
import type { JobRow } from '@/lib/rows'

type Held = Pick<JobRow, 'status' | 'paused_at' | 'paused_after'>

/** Whether a job is paused itself, and not over. */
export function isHeld({ status, paused_at }: Pick<JobRow, 'status' | 'paused_at'>): boolean {
  return Boolean(paused_at) && (status === 'pending' || status === 'processing')
}

/** The stage that somebody is to look at before the job goes on; null where it waits for nobody. */
export function waitsAfter(job: Held): JobRow['paused_after'] {
  return isHeld(job) ? job.paused_after : null
}

/** The state as people name it; `isBatchPaused` also holds what is not paused itself. */
export function shownStatus(job: Held, isBatchPaused = false): Status {
  if (waitsAfter(job)) return 'waiting'
  const isOpen = job.status === 'pending' || job.status === 'processing'
  return isOpen && (isBatchPaused || job.paused_at) ? 'paused' : job.status
}
