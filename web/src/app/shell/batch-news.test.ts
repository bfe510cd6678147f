import { expect, test } from 'vitest'
import { BatchWatch } from './batch-news'

const OPENED = Date.parse('2026-11-29T12:00:00Z')
const batch = (more: object = {}) => ({
  id: 'a',
  completed_at: null as string | null,
  waiting_at: null as string | null,
  failed_count: 0,
  ...more,
})
const hear = (watch: BatchWatch, ...rows: ReturnType<typeof batch>[]) =>
  watch.hear(rows).map(({ batch: { id }, failed, what }) => [id, failed, what])

test('a batch is told once when it has ended, and again when it was retried and has ended again', () => {
  const watch = new BatchWatch(OPENED)
  expect(hear(watch, batch())).toEqual([])
  const ended = batch({ completed_at: '2026-11-29T12:05:00.123456+00:00' })
  expect(hear(watch, ended)).toEqual([['a', 0, 'ended']])
  expect(hear(watch, { ...ended, completed_at: '2026-11-29T13:05:00.123456+01:00' })).toEqual([])
  expect(hear(watch, batch())).toEqual([])
  expect(hear(watch, batch({ completed_at: '2026-11-29T12:07:00Z' }))).toEqual([['a', 0, 'ended']])
})

test('a batch whose videos wait is told once, however many are resumed, and again when something was done again', () => {
  const watch = new BatchWatch(OPENED)
  hear(watch, batch())
  const waiting = batch({ waiting_at: '2026-11-29T12:05:00Z' })
  expect(hear(watch, waiting)).toEqual([['a', 0, 'waiting']])
  expect(hear(watch, waiting)).toEqual([])
  expect(hear(watch, { ...waiting, waiting_at: '2026-11-29T12:06:00Z' })).toEqual([['a', 0, 'waiting']])
  const ended = { ...waiting, waiting_at: '2026-11-29T12:06:00Z', completed_at: '2026-11-29T12:08:00Z' }
  expect(hear(watch, ended)).toEqual([['a', 0, 'ended']])
  expect(hear(watch, { ...ended, completed_at: null })).toEqual([])
})

test('of a batch seen for the first time only what is new is told', () => {
  const old = batch({ completed_at: '2026-11-29T11:00:00Z', failed_count: 3 })
  const fresh = batch({ id: 'b', completed_at: '2026-11-29T12:00:01Z', failed_count: 3 })
  const waits = batch({ id: 'c', waiting_at: '2026-11-29T12:00:01Z' })
  expect(hear(new BatchWatch(OPENED), old, fresh, waits)).toEqual([
    ['b', 0, 'ended'],
    ['c', 0, 'waiting'],
  ])
})

test('videos that fail are counted, also again after a retry', () => {
  const watch = new BatchWatch(OPENED)
  hear(watch, batch({ failed_count: 1 }))
  expect(hear(watch, batch({ failed_count: 3 }))).toEqual([['a', 2, null]])
  expect(hear(watch, batch({ failed_count: 0 }))).toEqual([])
  expect(hear(watch, batch({ failed_count: 1 }))).toEqual([['a', 1, null]])
})
