import { expect, test } from 'vitest'
import type { Price } from './api'
import { compareOffers } from './comparison'

const price = (provider: string, unit: Price['unit'], amount: number | null, model = ''): Price => ({
  provider,
  unit,
  amount,
  model,
  currency: 'USD',
  valid_from: null,
  is_own: false,
})
const usage = { call: 1, '1k_input_tokens': 2, '1k_output_tokens': 1, character: 0, second: 0 }

test('the cheapest comes first', () => {
  const offers = compareOffers([price('dear', 'call', 3), price('cheap', '1k_input_tokens', 1)], usage)
  expect(offers.map(({ provider, cost }) => [provider, cost])).toEqual([
    ['cheap', 2],
    ['dear', 3],
  ])
})

test('what holds for all models holds where a model has no price of its own', () => {
  const prices = [price('p', 'call', 1), price('p', '1k_output_tokens', 4), price('p', 'call', 10, 'big')]
  const big = compareOffers(prices, usage).find(({ model }) => model === 'big')
  expect(big?.cost).toBe(14)
})

test('a price that was removed is none', () => {
  expect(compareOffers([price('p', 'call', null)], usage)).toEqual([])
})
