import { Skeleton } from '@mantine/core'
import { formatMoney } from '@/lib/format'
import type { MonthCost } from './api'

interface SumOfProps {
  readonly costs: readonly MonthCost[] | undefined
  /** Of this month (UTC) only. */
  readonly month?: boolean
}

/** What was paid, each currency for itself. */
export function SumOf({ costs, month }: SumOfProps) {
  if (!costs) return <Skeleton h={14} w={48} display="inline-block" />
  const now = new Date().toISOString().slice(0, 7)
  const sums = new Map<string, number>()
  for (const cost of costs) {
    if (!month || cost.month.startsWith(now)) {
      sums.set(cost.currency, (sums.get(cost.currency) ?? 0) + cost.amount)
    }
  }
  if (sums.size === 0) return <>–</>
  return <>{[...sums].map(([currency, amount]) => formatMoney(amount, currency)).join(' + ')}</>
}
