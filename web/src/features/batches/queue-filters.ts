/** Which batches are listed, and in which order; it stands in the URL. */

import type { BatchStatus } from '@/components/status'
import { readDay, readMany, readOne, readText } from '@/lib/search-params'

export interface QueueFilters {
  readonly status?: readonly BatchStatus[]
  readonly project?: string
  readonly text?: string
  /** First and last day of creation, in the reader's time zone. */
  readonly from?: string
  readonly to?: string
  readonly order?: QueueOrder
}
export interface QueueSearch extends QueueFilters {
  readonly page?: number
}

const EVERY_STATUS: Record<BatchStatus, true> = {
  pending: true,
  processing: true,
  completed: true,
  partial: true,
  failed: true,
  cancelled: true,
}
export const BATCH_STATUSES = Object.keys(EVERY_STATUS) as BatchStatus[]
export const QUEUE_ORDERS = ['newest', 'oldest', 'updated', 'starts'] as const
export type QueueOrder = (typeof QUEUE_ORDERS)[number]

export function validateQueueSearch(search: Record<string, unknown>): QueueSearch {
  const page = Number(search.page)
  return {
    status: readMany(search, 'status', BATCH_STATUSES),
    project: readText(search, 'project'),
    text: readText(search, 'text'),
    from: readDay(search, 'from'),
    to: readDay(search, 'to'),
    order: readOne(search, 'order', QUEUE_ORDERS.slice(1)),
    page: Number.isInteger(page) && page > 1 ? page : undefined,
  }
}

export function isFiltered({ order: _, project, ...filters }: QueueFilters, isOfProject: boolean): boolean {
  return Object.values({ ...filters, project: isOfProject ? undefined : project }).some(
    (value) => value !== undefined,
  )
}
