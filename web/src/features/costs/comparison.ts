/** What the same work costs at each provider, by its prices. */

import type { Price } from './api'

export type Unit = Price['unit']

/** What a video takes of each unit that providers charge for; tokens in thousands. */
export type Usage = Record<Unit, number>

export interface Offer {
  readonly provider: string
  /** Empty: any model. */
  readonly model: string
  readonly currency: string
  readonly isOwn: boolean
  readonly prices: readonly Price[]
  readonly cost: number
}

/** One offer for each provider and model, the cheapest first. A price of all models holds where a model has none. */
export function compareOffers(prices: readonly Price[], usage: Usage): Offer[] {
  const known = prices.filter(({ amount }) => amount !== null)
  const keys = new Set(known.map(({ provider, model }) => JSON.stringify([provider, model])))
  const offers = [...keys].map((key): Offer => {
    const [provider, model] = JSON.parse(key) as [string, string]
    const own = known.filter((each) => each.provider === provider && each.model === model)
    const units = new Set(own.map(({ unit }) => unit))
    const general = known.filter(
      (each) => each.provider === provider && each.model === '' && !units.has(each.unit),
    )
    const all = model === '' ? own : [...own, ...general]
    return {
      provider,
      model,
      currency: all[0]?.currency ?? '',
      isOwn: all.some(({ is_own }) => is_own),
      prices: all,
      cost: all.reduce((sum, { unit, amount }) => sum + (amount ?? 0) * usage[unit], 0),
    }
  })
  return offers.sort((a, b) => a.currency.localeCompare(b.currency) || a.cost - b.cost)
}
