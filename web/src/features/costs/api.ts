import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, call, type Schemas } from '@/lib/api'

export type Budget = Schemas['Budget']
export type Price = Schemas['Price']
export type MonthCost = Schemas['MonthCost']

export function costsQuery(scope: Schemas['Costs']['scope'], id?: string) {
  return queryOptions({
    queryKey: ['costs', scope, id ?? null],
    queryFn: async () =>
      (await call(api.GET('/costs', { params: { query: { scope, scope_id: id } } }))).costs,
    meta: { live: { kinds: ['batches'], everyMs: 10_000, isFigure: true } },
  })
}

export const budgetsQuery = queryOptions({
  queryKey: ['budgets'],
  queryFn: async () => (await call(api.GET('/budgets', { params: { query: { limit: 200 } } }))).items,
  meta: { live: { kinds: ['batches'], everyMs: 10_000, isFigure: true } },
})

export const pricesQuery = queryOptions({
  queryKey: ['prices'],
  queryFn: () => call(api.GET('/prices')),
})

export function useSetBudget() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: Schemas['NewBudget']) => call(api.PUT('/budgets', { body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['budgets'] }),
  })
}

export function useSetPrice() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: Schemas['NewPrice']) => call(api.PUT('/prices', { body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['prices'] }),
  })
}
