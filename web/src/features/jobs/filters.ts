/** Which jobs of a batch are shown, and in which order; it stands in the URL. */

import type { JobStatus } from '@/components/status'
import type { Schemas } from '@/lib/api'
import { readMany, readOne, readText } from '@/lib/search-params'

export type Lane = Schemas['Job']['lane']

export interface JobFilters {
  readonly status?: readonly JobStatus[]
  readonly text?: string
  readonly platform?: string
  /** An error code. */
  readonly error?: string
  readonly lane?: Lane
  /** Those that wait for somebody, after whichever stage. */
  readonly waits?: 'any'
  readonly order?: JobOrder
}

const EVERY_STATUS: Record<JobStatus, true> = {
  pending: true,
  processing: true,
  completed: true,
  failed: true,
  cancelled: true,
}
export const JOB_STATUSES = Object.keys(EVERY_STATUS) as JobStatus[]
export const LANES = ['urgent', 'premium', 'standard'] as const satisfies readonly Lane[]
export const JOB_ORDERS = ['position', 'updated', 'priority', 'topic'] as const
export type JobOrder = (typeof JOB_ORDERS)[number]

export function jobFiltersOf(search: Record<string, unknown>): JobFilters {
  return {
    status: readMany(search, 'status', JOB_STATUSES),
    text: readText(search, 'text'),
    platform: readText(search, 'platform'),
    error: readText(search, 'error'),
    lane: readOne(search, 'lane', LANES),
    waits: readOne(search, 'waits', ['any'] as const),
    order: readOne(search, 'order', JOB_ORDERS.slice(1)),
  }
}

/** Whether all jobs are shown, in the order of their places: then any window of them can be had directly. */
export function isPlain(filters: JobFilters): boolean {
  return Object.values(filters).every((value) => value === undefined)
}

/** Whether some jobs may be left out. */
export function isNarrowed({ order: _, ...filters }: JobFilters): boolean {
  return !isPlain(filters)
}
