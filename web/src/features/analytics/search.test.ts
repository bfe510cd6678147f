import { expect, test } from 'vitest'
import { daysOf } from './search'

const now = new Date('2026-11-29T12:00:00')

test('ranges end today and have as many days as they say', () => {
  expect(daysOf({ range: '7d' }, now)).toEqual({ from: '2026-11-23', to: '2026-11-29' })
  expect(daysOf({ range: 'today' }, now)).toEqual({ from: '2026-11-29', to: '2026-11-29' })
  expect(daysOf({}, now)).toEqual({ from: '2026-10-31', to: '2026-11-29' })
})

test('days of one’s own win over a range', () => {
  expect(daysOf({ range: '7d', from: '2026-01-01', to: '2026-01-31' }, now)).toEqual({
    from: '2026-01-01',
    to: '2026-01-31',
  })
  expect(daysOf({ from: '2026-11-01' }, now)).toEqual({ from: '2026-11-01', to: '2026-11-29' })
})
