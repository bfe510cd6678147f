import { expect, test } from 'vitest'
import { shownStatus, waitsAfter } from './held'

const JOB = {
  status: 'processing',
  paused_at: '2026-11-29T12:00:00Z',
  paused_after: 'script_generation',
} as const

test('a job that has paused by itself waits for somebody, until it goes on or is over', () => {
  expect([waitsAfter(JOB), shownStatus(JOB)]).toEqual(['script_generation', 'waiting'])
  const resumed = { ...JOB, paused_at: null, paused_after: null }
  expect([waitsAfter(resumed), shownStatus(resumed)]).toEqual([null, 'processing'])
  const cancelled = { ...JOB, status: 'cancelled' } as const
  expect([waitsAfter(cancelled), shownStatus(cancelled)]).toEqual([null, 'cancelled'])
})

test('a pause of somebody is no wait for anybody', () => {
  expect(shownStatus({ ...JOB, paused_after: null })).toBe('paused')
})

test('what has not ended stands still while its batch is paused', () => {
  const job = { ...JOB, paused_at: null, paused_after: null }
  expect(shownStatus(job, true)).toBe('paused')
  expect(shownStatus({ ...job, status: 'completed' }, true)).toBe('completed')
  expect(shownStatus(JOB, true)).toBe('waiting')
})
