import { expect, test } from 'vitest'
import { remainingMs } from './eta'

const NOW = Date.parse('2026-11-29T12:00:00Z')
const batch = {
  status: 'processing',
  progress: 25,
  started_at: '2026-11-29T11:50:00Z',
  paused_at: null,
  options: {},
} as const

test('what is left takes as long as what is done did', () => {
  expect(remainingMs(batch, NOW)).toBe(30 * 60_000)
})

test('nothing is promised for what does not run, or has hardly begun', () => {
  expect(remainingMs({ ...batch, paused_at: '2026-11-29T11:55:00Z' }, NOW)).toBeNull()
  expect(remainingMs({ ...batch, status: 'pending', started_at: null }, NOW)).toBeNull()
  expect(remainingMs({ ...batch, options: { pause_after: 'script_generation' } }, NOW)).toBeNull()
  expect(remainingMs({ ...batch, progress: 1 }, NOW)).toBeNull()
})
