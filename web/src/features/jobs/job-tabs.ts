import { readOne } from '@/lib/search-params'

/** Parts of what is shown of a job. */
export const JOB_TABS = ['preview', 'timeline', 'script', 'files', 'cost', 'history'] as const
export type JobTab = (typeof JOB_TABS)[number]

export function validateJobTab(search: Record<string, unknown>): { tab?: JobTab } {
  return { tab: readOne(search, 'tab', JOB_TABS) }
}
