/** What the history is filtered by, as it stands in the address and as the API takes it. */

import type { JobStatus } from '@/components/status'
import { dayEnd, dayStart, readDay, readMany, readOne, readText } from '@/lib/search-params'
import type { paths } from '@/types/api'

export const STATUSES = [
  'pending',
  'processing',
  'completed',
  'failed',
  'cancelled',
] as const satisfies JobStatus[]
/** Others are of the jobs of one batch. */
export const ORDERS = ['newest', 'oldest'] as const

export interface HistoryFilter {
  readonly status?: JobStatus[]
  readonly text?: string
  readonly project?: string
  readonly platform?: string
  readonly code?: string
  /** Those that wait for somebody. */
  readonly waits?: 'any'
  readonly from?: string
  readonly to?: string
  readonly order?: (typeof ORDERS)[number]
}

export type JobsQuery = NonNullable<paths['/jobs/export']['get']['parameters']['query']>

export function readHistoryFilter(search: Record<string, unknown>): HistoryFilter {
  const filter: HistoryFilter = {
    status: readMany(search, 'status', STATUSES),
    text: readText(search, 'text'),
    project: readText(search, 'project'),
    platform: readText(search, 'platform'),
    code: readText(search, 'code'),
    waits: readOne(search, 'waits', ['any'] as const),
    from: readDay(search, 'from'),
    to: readDay(search, 'to'),
    order: readOne(search, 'order', ORDERS),
  }
  // What is not set is no part of the address.
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined))
}

export function jobsQueryOf(filter: HistoryFilter): JobsQuery {
  return {
    status: filter.status,
    text: filter.text,
    project_id: filter.project,
    platform: filter.platform,
    error_code: filter.code,
    paused_after: filter.waits,
    created_from: dayStart(filter.from),
    created_to: dayEnd(filter.to),
    order: filter.order ?? 'newest',
  }
}
