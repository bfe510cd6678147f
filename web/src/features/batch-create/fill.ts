/**
 * Sends topics to the database: in one request, or in chunks where there are more than one request takes. The database
 * says how many it has, and the next chunk begins behind them, so that sending goes on after a break.
 */

import { api, call, type Schemas } from '@/lib/api'
import { ApiError } from '@/lib/problem'
import type { Topic } from './draft'

/** Most topics of one request that makes jobs of them. */
export const MOST_AT_ONCE = 10_000
/** Topics of a chunk: the tenant's other work waits while they are made, for some 150 ms. */
const CHUNK = 2_000
/** Characters of a chunk; the API takes 8 MB. */
const CHUNK_LENGTH = 2_000_000

export interface NewBatch {
  readonly project_id: string
  readonly title: string
  readonly topics: readonly Topic[]
  readonly defaults: Schemas['TopicDefaults']
  readonly options: Schemas['BatchOptions']
}

export interface Filled {
  readonly batch_id: string
  readonly topic_count: number
  readonly is_filling: boolean
}

/** The two requests that batches are made by. */
export interface Filler {
  begin(batch: NewBatch, key: string): Promise<Filled>
  append(batchId: string, more: Schemas['MoreTopics']): Promise<Filled>
}

/** By the REST API. */
export const restFiller: Filler = {
  async begin(batch, key) {
    const made = await call(
      api.POST('/batches', {
        body: { ...batch, topics: [...batch.topics] },
        params: { header: { 'Idempotency-Key': key } },
      }),
    )
    if (!('batch_id' in made)) throw new Error('The batch was only checked.')
    return made
  },
  append: (batchId, more) =>
    call(api.POST('/batches/{batch_id}/topics', { params: { path: { batch_id: batchId } }, body: more })),
}

/**
 * Make the batch, or go on with the one that the key has begun.
 *
 * @param key of this batch; the same for every try.
 * @param onProgress is told how many topics the database has.
 */
export async function fillBatch(
  filler: Filler,
  batch: NewBatch,
  key: string,
  onProgress: (filled: Filled) => void,
  signal?: AbortSignal,
): Promise<string> {
  const { topics } = batch
  let filled = await filler.begin(await firstOf(batch), key)
  onProgress(filled)
  while (filled.is_filling) {
    signal?.throwIfAborted()
    const chunk = nextChunk(topics, filled.topic_count)
    filled = await filler.append(filled.batch_id, {
      position: filled.topic_count + 1,
      topics: [...chunk],
      defaults: batch.defaults,
      is_last: filled.topic_count + chunk.length >= topics.length,
    })
    onProgress(filled)
  }
  return filled.batch_id
}

/** What the first request holds: all of it, or the first chunk of a list that is longer than one request takes. */
export async function firstOf(batch: NewBatch): Promise<NewBatch> {
  const { topics, options } = batch
  if (topics.length <= MOST_AT_ONCE && lengthOf(topics) <= CHUNK_LENGTH) return batch
  // Of the whole list, so that the key is refused for one that differs in a later chunk.
  const whole = { ...options, is_filling: true, list_sha256: await digestOf(topics) }
  return { ...batch, topics: nextChunk(topics, 0), options: whole }
}

/** Whether the key has begun a batch of another list, or with other settings. */
export function isOfAnotherList(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'idempotency_key_reused'
}

/** As many topics from a place on as one request takes; at least one where there is one. */
function nextChunk(topics: readonly Topic[], from: number): readonly Topic[] {
  let length = 0
  for (let at = from; at < Math.min(from + CHUNK, topics.length); at += 1) {
    length += JSON.stringify(topics[at]).length
    if (length > CHUNK_LENGTH && at > from) return topics.slice(from, at)
  }
  return topics.slice(from, from + CHUNK)
}

function lengthOf(topics: readonly Topic[]): number {
  return topics.reduce((sum, topic) => sum + topic.topic.length + (topic.brief?.length ?? 0) + 40, 0)
}

async function digestOf(topics: readonly Topic[]): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(topics))
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
