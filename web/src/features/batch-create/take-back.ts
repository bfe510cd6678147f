/** Takes a batch back that was only begun: what of it is on the server is cancelled. */

import { api, call } from '@/lib/api'
import { ApiError } from '@/lib/problem'
import { type Filler, firstOf, type NewBatch } from './fill'
import type { Sending } from './kept-draft'

/** Cancels what fits into one call; whether anything is left. */
export type Canceller = (batchId: string) => Promise<boolean>

export const restCanceller: Canceller = async (batchId) => {
  const answer = await call(
    api.POST('/batches/{batch_id}/actions', {
      params: { path: { batch_id: batchId } },
      body: { action: 'cancel' },
    }),
  )
  return Boolean(answer.remaining_jobs) && answer.changed_jobs > 0
}

/**
 * Where no answer has named the batch, its first request is sent once more: by its key the server knows the batch that is
 * there. What the server refuses was not made. Throws OfflineError, and ApiError where a cancellation is refused.
 */
export async function takeBack(
  filler: Filler,
  cancel: Canceller,
  batch: NewBatch,
  sending: Sending,
): Promise<void> {
  const batchId = sending.batchId ?? (await nameOf(filler, batch, sending.key))
  if (batchId === null) return
  try {
    while (await cancel(batchId));
  } catch (error) {
    // Ended or deleted meanwhile.
    if (!(error instanceof ApiError && (error.status === 409 || error.status === 404))) throw error
  }
}

async function nameOf(filler: Filler, batch: NewBatch, key: string): Promise<string | null> {
  try {
    return (await filler.begin(await firstOf(batch), key)).batch_id
  } catch (error) {
    if (error instanceof ApiError && error.status < 500 && error.status !== 429) return null
    throw error
  }
}
