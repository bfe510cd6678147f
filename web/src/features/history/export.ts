/** The history as a file: what the filter finds, all of it, and not only what is on the page. */

import type { Schemas } from '@/lib/api'
import { type Cell, saveCsv, saveFile } from '@/lib/save'
import { readAllJobs } from './api'
import type { HistoryFilter } from './filter'

export type ExportFormat = 'csv' | 'json'

type Job = Schemas['Job']

/** Columns of the file; names are those of the API, so that programs may read it. */
const COLUMNS: Record<string, (job: Job) => Cell> = {
  id: (job) => job.id,
  topic: (job) => job.topic,
  status: (job) => job.status,
  project_id: (job) => job.project_id,
  batch_id: (job) => job.batch_id,
  position: (job) => job.position,
  platforms: (job) => job.platforms.join(' '),
  lane: (job) => job.lane,
  stage: (job) => job.stage,
  progress: (job) => job.progress,
  error_code: (job) => job.error_code,
  error_message: (job) => job.error_message,
  next_step: (job) => job.next_step,
  created_at: (job) => job.created_at,
  started_at: (job) => job.started_at,
  completed_at: (job) => job.completed_at,
}

export function cellsOf(job: Job): Cell[] {
  return Object.values(COLUMNS).map((read) => read(job))
}

export async function exportHistory(
  filter: HistoryFilter,
  format: ExportFormat,
  signal: AbortSignal,
  onProgress: (count: number) => void,
): Promise<void> {
  const jobs: Job[] = []
  for await (const page of readAllJobs(filter, signal)) {
    jobs.push(...page)
    onProgress(jobs.length)
  }
  const name = `cliprow-history-${new Date().toISOString().slice(0, 10)}.${format}`
  if (format === 'json') saveFile(name, JSON.stringify(jobs, null, 1), 'application/json')
  else await saveCsv(name, Object.keys(COLUMNS), jobs.map(cellsOf))
}
