import { type JobFilters, jobFiltersOf } from '@/features/jobs/filters'
import { type JobTab, validateJobTab } from '@/features/jobs/job-tabs'
import { readText } from '@/lib/search-params'

export interface BatchSearch extends JobFilters {
  /** The job that is open beside the list. */
  readonly job?: string
  readonly tab?: JobTab
}

export function validateBatchSearch(search: Record<string, unknown>): BatchSearch {
  return { ...jobFiltersOf(search), ...validateJobTab(search), job: readText(search, 'job') }
}
