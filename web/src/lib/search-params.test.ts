import { expect, test } from 'vitest'
import { dayEnd, dayOf, dayStart, readDay, readMany, readOne, readText } from './search-params'

test('numbers in the address are text', () => {
  expect(readText({ text: 42 }, 'text')).toBe('42')
  expect(readText({ text: '' }, 'text')).toBeUndefined()
  expect(readText({ text: { a: 1 } }, 'text')).toBeUndefined()
})

test('only known values are read, one or several', () => {
  expect(readOne({ order: 'oldest' }, 'order', ['newest', 'oldest'])).toBe('oldest')
  expect(readOne({ order: 'x' }, 'order', ['newest', 'oldest'])).toBeUndefined()
  expect(readMany({ status: ['failed', 'x'] }, 'status', ['failed', 'done'])).toEqual(['failed'])
  expect(readMany({ status: 'done' }, 'status', ['failed', 'done'])).toEqual(['done'])
  expect(readMany({ status: [] }, 'status', ['failed', 'done'])).toBeUndefined()
})

test('days that there are not are left out', () => {
  expect(readDay({ from: '2026-11-29' }, 'from')).toBe('2026-11-29')
  expect(readDay({ from: '2026-13-45' }, 'from')).toBeUndefined()
  expect(readDay({ from: 'yesterday' }, 'from')).toBeUndefined()
})

test('a day lasts from its first to its last millisecond here', () => {
  const start = new Date(dayStart('2026-11-29') ?? '')
  const end = new Date(dayEnd('2026-11-29') ?? '')
  expect(start.getHours()).toBe(0)
  expect(end.getTime() - start.getTime()).toBe(86_399_999)
  expect(dayOf(start)).toBe('2026-11-29')
  expect(dayOf(end)).toBe('2026-11-29')
})
