import { expect, test } from 'vitest'
import { ApiError, OfflineError } from '@/lib/problem'
import { type Filled, type Filler, fillBatch, isOfAnotherList, type NewBatch } from './fill'

/** Keeps topics as the database does: what is there already is not made again, and a key is of one request. */
class Server implements Filler {
  topics: unknown[] = []
  requests = 0
  private key: string | null = null
  private first = ''
  private isFilling = false

  constructor(private loseAnswers: readonly number[] = []) {}

  begin(batch: NewBatch, key: string): Promise<Filled> {
    if (this.key !== key) {
      this.key = key
      this.first = JSON.stringify(batch)
      this.topics = [...batch.topics]
      this.isFilling = batch.options.is_filling === true
    } else if (JSON.stringify(batch) !== this.first) {
      const problem = { title: '', status: 409, code: 'idempotency_key_reused', detail: '' }
      return Promise.reject(new ApiError(problem))
    }
    return this.answer()
  }

  append(_batchId: string, more: Parameters<Filler['append']>[1]): Promise<Filled> {
    expect(more.position).toBeLessThanOrEqual(this.topics.length + 1)
    this.topics.push(...more.topics.slice(this.topics.length + 1 - more.position))
    if (more.is_last) this.isFilling = false
    return this.answer()
  }

  private answer(): Promise<Filled> {
    this.requests += 1
    if (this.loseAnswers.includes(this.requests)) return Promise.reject(new OfflineError('lost'))
    return Promise.resolve({ batch_id: 'b', topic_count: this.topics.length, is_filling: this.isFilling })
  }
}

function batchOf(count: number): NewBatch {
  const topics = Array.from({ length: count }, (_, at) => ({ topic: `Topic ${at + 1}` }))
  return { project_id: 'p', title: '', topics, defaults: {}, options: {} }
}

test('a list that one request takes is sent in one', async () => {
  const server = new Server()
  expect(await fillBatch(server, batchOf(10_000), 'k', () => undefined)).toBe('b')
  expect([server.requests, server.topics.length]).toEqual([1, 10_000])
})

test('a longer list goes in chunks, each topic once and in order', async () => {
  const server = new Server()
  const batch = batchOf(10_001)
  const seen: number[] = []
  await fillBatch(server, batch, 'k', (filled) => seen.push(filled.topic_count))
  expect(server.topics).toEqual(batch.topics)
  expect(seen).toEqual([2_000, 4_000, 6_000, 8_000, 10_000, 10_001])
})

test('after lost answers the same list goes on where the server is, and makes nothing twice', async () => {
  const server = new Server([1, 4])
  const batch = batchOf(12_500)
  await expect(fillBatch(server, batch, 'k', () => undefined)).rejects.toThrow(OfflineError)
  await expect(fillBatch(server, batch, 'k', () => undefined)).rejects.toThrow(OfflineError)
  expect(server.topics.length).toBe(6_000)
  await fillBatch(server, batch, 'k', () => undefined)
  expect(server.topics).toEqual(batch.topics)
})

test('a list that differs only in a later chunk does not go on under the same key', async () => {
  const server = new Server([3])
  const batch = batchOf(10_001)
  await expect(fillBatch(server, batch, 'k', () => undefined)).rejects.toThrow(OfflineError)
  const other = { ...batch, topics: batch.topics.with(10_000, { topic: 'Another' }) }
  const refused = await fillBatch(server, other, 'k', () => undefined).catch((error: unknown) => error)
  expect([isOfAnotherList(refused), server.topics.length]).toEqual([true, 6_000])
})

test('long texts make chunks smaller', async () => {
  const server = new Server()
  const topics = Array.from({ length: 5 }, () => ({ topic: 't', brief: 'x'.repeat(900_000) }))
  await fillBatch(server, { ...batchOf(0), topics }, 'k', () => undefined)
  expect([server.requests, server.topics.length]).toEqual([3, 5])
})
