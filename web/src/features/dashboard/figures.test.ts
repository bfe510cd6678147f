import { expect, test } from 'vitest'
import { spentOf } from './figures'

test('currencies are not added up', () => {
  const spent = [
    { currency: 'USD', amount: 12.5 },
    { currency: 'EUR', amount: 3 },
  ]
  expect(spentOf({ spent, budget: null })).toBe('$12.50 + €3.00')
})

test('nothing spent is a nought, not nothing', () => {
  expect(spentOf({ spent: [], budget: null })).toBe('$0.00')
})
