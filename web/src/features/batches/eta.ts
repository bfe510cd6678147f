import type { BatchRow } from '@/lib/rows'

/** Whether nothing of a batch can change by itself any more. */
export function hasEnded({ status }: Pick<BatchRow, 'status'>): boolean {
  return status !== 'pending' && status !== 'processing'
}

/** Less progress than this says too little about the rest. Percent. */
const LEAST_PROGRESS = 2

/**
 * Milliseconds until a batch will be done if it goes on as it did on average since it started; null where nothing runs
 * or too little is known, or where somebody looks at its jobs on the way: nobody knows how long that takes.
 */
export function remainingMs(
  batch: Pick<BatchRow, 'status' | 'progress' | 'started_at' | 'paused_at' | 'options'>,
  now = Date.now(),
): number | null {
  const { status, progress, started_at, paused_at, options } = batch
  if (status !== 'processing' || paused_at || options.pause_after || !started_at || progress < LEAST_PROGRESS)
    return null
  const elapsed = now - Date.parse(started_at)
  return elapsed > 0 ? (elapsed * (100 - progress)) / progress : null
}
