/** What the figures are about, as it stands in the address: a range, and filters. */

import { dayOf, readDay, readOne, readText } from '@/lib/search-params'

export const RANGES = ['today', '7d', '30d', '90d', '365d'] as const
export type Range = (typeof RANGES)[number]

export interface AnalyticsSearch {
  readonly tab?: 'content'
  readonly range?: Range
  /** Days of one's own, in place of a range. */
  readonly from?: string
  readonly to?: string
  readonly project?: string
  readonly batch?: string
  readonly platform?: string
  readonly by?: 'views' | 'engagement'
}

export function readAnalyticsSearch(search: Record<string, unknown>): AnalyticsSearch {
  const read: AnalyticsSearch = {
    tab: readOne(search, 'tab', ['content'] as const),
    range: readOne(search, 'range', RANGES),
    from: readDay(search, 'from'),
    to: readDay(search, 'to'),
    project: readText(search, 'project'),
    batch: readText(search, 'batch'),
    platform: readText(search, 'platform'),
    by: readOne(search, 'by', ['views', 'engagement'] as const),
  }
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined))
}

const DAYS: Record<Range, number> = { today: 1, '7d': 7, '30d': 30, '90d': 90, '365d': 365 }

/** First and last day of what is asked for; both are included. */
export function daysOf({ range, from, to }: AnalyticsSearch, now = new Date()): { from: string; to: string } {
  if (from || to) return { from: from ?? to ?? '', to: to ?? dayOf(now) }
  const first = new Date(now)
  first.setDate(first.getDate() - DAYS[range ?? '30d'] + 1)
  return { from: dayOf(first), to: dayOf(now) }
}
