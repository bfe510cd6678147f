import { expect, test } from 'vitest'
import { healthOf } from './queue-table'

const queue = {
  stage: 'audio_generation' as const,
  is_paused: false,
  waiting_count: 10,
  ready_count: 10,
  queued_count: 0,
  running_count: 0,
  oldest_age_s: 4,
  worker_count: 1,
  slots: 2,
}

test('what nobody serves is told before what is slow', () => {
  expect(healthOf({ ...queue, worker_count: 0, oldest_age_s: 4_000 })).toBe('unserved')
  expect(healthOf({ ...queue, oldest_age_s: 4_000 })).toBe('behind')
  expect(healthOf({ ...queue, oldest_age_s: 4_000, running_count: 1 })).toBe('fine')
})

test('what waits for a later start is no trouble', () => {
  expect(healthOf({ ...queue, ready_count: 0, worker_count: 0 })).toBe('later')
  expect(healthOf({ ...queue, ready_count: 0, waiting_count: 0 })).toBe('idle')
})

test('a stage that is held back says so', () => {
  expect(healthOf({ ...queue, is_paused: true })).toBe('held')
})
