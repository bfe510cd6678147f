import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ChangeBuffer, type Changes, FLUSH_MS } from './buffer'

const job = (id: string, version: number) => ({ id, version })
let applied: Changes[]
let buffer: ChangeBuffer

beforeEach(() => {
  vi.useFakeTimers()
  applied = []
  buffer = new ChangeBuffer(
    (changes) => applied.push(changes),
    () => Date.now(),
  )
})
afterEach(() => vi.useRealTimers())

test('the first change is applied at once', () => {
  buffer.add({ jobs: [job('a', 1)] })
  vi.advanceTimersByTime(0)
  expect(applied).toEqual([{ jobs: [job('a', 1)] }])
})

test('500 changes in a second are applied at most six times, the newest of each row', () => {
  for (let version = 1; version <= 500; version += 1) {
    buffer.add({ jobs: [job('a', version), job('b', version)] })
    vi.advanceTimersByTime(2)
  }
  vi.advanceTimersByTime(FLUSH_MS)
  expect(applied.length).toBeLessThanOrEqual(7)
  expect(applied.at(-1)).toEqual({ jobs: [job('a', 500), job('b', 500)] })
})

test('an older version that comes late does not take the place of a newer one', () => {
  buffer.add({ jobs: [job('a', 2)] })
  buffer.add({ jobs: [job('a', 1)] })
  vi.advanceTimersByTime(FLUSH_MS)
  expect(applied).toEqual([{ jobs: [job('a', 2)] }])
})

test('what comes while frozen is applied when it goes on', () => {
  buffer.freeze(true)
  buffer.add({ batches: [job('a', 1)] })
  vi.advanceTimersByTime(60_000)
  expect(applied).toEqual([])
  expect(buffer.size).toBe(1)
  buffer.freeze(false)
  vi.advanceTimersByTime(FLUSH_MS)
  expect(applied).toEqual([{ batches: [job('a', 1)] }])
})
