/** Whether a job stands still though it is not over, and for whom. */

import type { Status } from '@/components/status'
import type { JobRow } from '@/lib/rows'

type Held = Pick<JobRow, 'status' | 'paused_at' | 'paused_after'>

function isOpen({ status }: Pick<JobRow, 'status'>): boolean {
  return status === 'pending' || status === 'processing'
}

/** Whether a job is paused itself, and not over. */
export function isHeld(job: Pick<JobRow, 'status' | 'paused_at'>): boolean {
  return Boolean(job.paused_at) && isOpen(job)
}

/** The stage that somebody is to look at before the job goes on; null where it waits for nobody. */
export function waitsAfter(job: Held): JobRow['paused_after'] {
  return isHeld(job) ? job.paused_after : null
}

/** The state as people name it; `isBatchPaused` also holds what is not paused itself. */
export function shownStatus(job: Held, isBatchPaused = false): Status {
  if (waitsAfter(job)) return 'waiting'
  return isHeld(job) || (isBatchPaused && isOpen(job)) ? 'paused' : job.status
}
