import { expect, test } from 'vitest'
import { ApiError, OfflineError } from '@/lib/problem'
import type { Filler, NewBatch } from './fill'
import { takeBack } from './take-back'

const SENDING = { key: 'k', mode: 'many', projectId: 'p', sent: 0 } as const
const BATCH: NewBatch = {
  project_id: 'p',
  title: '',
  topics: Array.from({ length: 10_001 }, (_, at) => ({ topic: `Topic ${at}` })),
  defaults: {},
  options: {},
}

/** Begins batches, or refuses to; keeps what it was asked. */
function filler(refusal?: Error): Filler & { begun: NewBatch[] } {
  const begun: NewBatch[] = []
  return {
    begun,
    begin: async (batch) => {
      begun.push(batch)
      if (refusal) throw refusal
      return { batch_id: 'found by its key', topic_count: batch.topics.length, is_filling: true }
    },
    append: () => Promise.reject(new Error('Nothing is added to what is taken back.')),
  }
}

function canceller(pieces: number, refusal?: Error) {
  const cancelled: string[] = []
  const cancel = async (batchId: string) => {
    cancelled.push(batchId)
    if (refusal) throw refusal
    return cancelled.length < pieces
  }
  return { cancel, cancelled }
}

const problem = (status: number) => new ApiError({ title: '', status, code: '', detail: '' })

test('the batch that an answer has named is cancelled, piece by piece', async () => {
  const server = filler()
  const { cancel, cancelled } = canceller(3)
  await takeBack(server, cancel, BATCH, { ...SENDING, sent: 2_000, batchId: 'b' })
  expect([server.begun.length, cancelled]).toEqual([0, ['b', 'b', 'b']])
})

test('a batch whose first answer was lost is found by its key', async () => {
  const server = filler()
  const { cancel, cancelled } = canceller(1)
  await takeBack(server, cancel, BATCH, SENDING)
  expect(server.begun[0]?.options.is_filling).toBe(true)
  expect(server.begun[0]?.topics.length).toBeLessThan(BATCH.topics.length)
  expect(cancelled).toEqual(['found by its key'])
})

test('what is refused was never made, and what has ended needs no cancellation', async () => {
  const { cancel, cancelled } = canceller(1)
  await takeBack(filler(problem(422)), cancel, BATCH, SENDING)
  expect(cancelled).toEqual([])
  await takeBack(filler(), canceller(1, problem(409)).cancel, BATCH, SENDING)
})

test('without the server nothing is taken back, and it is said', async () => {
  const { cancel } = canceller(1)
  await expect(takeBack(filler(new OfflineError('')), cancel, BATCH, SENDING)).rejects.toThrow(OfflineError)
  const refused = canceller(1, problem(403))
  await expect(takeBack(filler(), refused.cancel, BATCH, SENDING)).rejects.toThrow(ApiError)
})
