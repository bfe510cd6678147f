import type { Schemas } from '@/lib/api'
import { readOne, readText } from '@/lib/search-params'

export type ProjectStatus = Schemas['Project']['status']

const EVERY_STATUS: Record<ProjectStatus, true> = {
  draft: true,
  processing: true,
  completed: true,
  published: true,
  archived: true,
}
export const PROJECT_STATUSES = Object.keys(EVERY_STATUS) as ProjectStatus[]

export interface ProjectFilters {
  readonly text?: string
  readonly status?: ProjectStatus
}

export function validateProjectsSearch(search: Record<string, unknown>): ProjectFilters {
  return { text: readText(search, 'text'), status: readOne(search, 'status', PROJECT_STATUSES) }
}
