import { expect, test } from 'vitest'
import { fromLocalTime, toLocalTime } from './local-time'

test('a moment comes back as it was, to the minute', () => {
  const iso = '2026-12-03T09:30:00.000Z'
  expect(fromLocalTime(toLocalTime(iso))).toBe(iso)
})

test('no moment is an empty input', () => {
  expect(toLocalTime(null)).toBe('')
  expect(fromLocalTime('')).toBeNull()
})
