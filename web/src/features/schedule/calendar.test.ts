import { expect, test } from 'vitest'
import { cellsOf, dayName, isIn, movedTo, step, titleOf } from './calendar'

test('a month is whole weeks that begin on the first weekday', () => {
  const weeks = cellsOf('month', new Date(2026, 10, 15), 1)
  expect(weeks).toHaveLength(6)
  expect(dayName(weeks[0]?.[0]?.start as Date)).toBe('2026-10-26')
  expect(weeks[0]?.[0]?.isOutside).toBe(true)
  expect(dayName(weeks[5]?.[6]?.start as Date)).toBe('2026-12-06')
  expect(dayName(cellsOf('month', new Date(2026, 10, 15), 7)[0]?.[0]?.start as Date)).toBe('2026-11-01')
})

test('a month of 28 days that begins with the week is four weeks', () => {
  expect(cellsOf('month', new Date(2027, 1, 3), 1)).toHaveLength(4)
})

test('a week is hours of seven days, a day those of one', () => {
  const week = cellsOf('week', new Date(2026, 10, 29), 1)
  expect([week.length, week[0]?.length]).toEqual([24, 7])
  expect(dayName(week[0]?.[0]?.start as Date)).toBe('2026-11-23')
  expect(cellsOf('day', new Date(2026, 10, 29), 1)[9]?.[0]?.start.getHours()).toBe(9)
})

test('a move to a day keeps the time, a move to an hour keeps the minutes', () => {
  const at = new Date(2026, 10, 29, 9, 40)
  const day = { start: new Date(2026, 11, 3), end: new Date(2026, 11, 4), isOutside: false }
  const hour = { start: new Date(2026, 11, 3, 14), end: new Date(2026, 11, 3, 15), isOutside: false }
  expect(movedTo(at, day)).toEqual(new Date(2026, 11, 3, 9, 40))
  expect(movedTo(at, hour)).toEqual(new Date(2026, 11, 3, 14, 40))
  expect(isIn(movedTo(at, hour), day)).toBe(true)
})

test('from the 31st the next month is the next one', () => {
  expect(dayName(step('month', new Date(2027, 0, 31), 1))).toBe('2027-02-01')
})

test('a week is called by its first and last day', () => {
  // Blanks around the dash differ between versions of the languages' data.
  const title = titleOf('week', new Date(2026, 10, 29, 12), 'en-US', 7).replaceAll(/\s+/g, ' ')
  expect(title).toBe('Nov 29 – Dec 5, 2026')
  expect(titleOf('month', new Date(2026, 10, 29), 'en-US', 7)).toBe('November 2026')
})
