/** What is done to jobs: single ones, and many at once. */

import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import { api, call, type Schemas } from '@/lib/api'
import { withPending } from '@/lib/live/commands'
import { sayError } from '@/lib/say'
import type { Lane } from './filters'

export type JobsAction = Schemas['JobsAction']
export type ChangedJobs = Schemas['ChangedJobs']
export type Retry = Schemas['Retry']
/** Jobs by id, or all of a filter. */
export type JobTarget = Pick<JobsAction, 'job_ids' | 'filter'>

/** Whether it was accepted; what is refused is said. */
type Accepted = Promise<boolean>

export interface JobCommands {
  /** With `isNow`, what runs is stopped too. */
  readonly pause: (jobId: string, isNow?: boolean) => Accepted
  readonly resume: (jobId: string) => Accepted
  readonly cancel: (jobId: string) => Accepted
  readonly retry: (jobId: string, what?: Retry) => Accepted
  readonly retryTask: (jobId: string, taskId: string) => Accepted
  readonly setLane: (jobId: string, lane: Lane) => Accepted
}

/** Commands on single jobs, which are shown as pending. */
export function useJobCommands(): JobCommands {
  const client = useQueryClient()
  return useMemo(() => commandsOf(client), [client])
}

function commandsOf(client: QueryClient): JobCommands {
  const path = (jobId: string) => ({ params: { path: { job_id: jobId } } })
  const send = (jobId: string, command: string, request: () => Promise<unknown>) =>
    withPending(client, { kind: 'jobs', id: jobId, command }, request).then(
      () => true,
      (error: unknown) => {
        sayError(error)
        return false
      },
    )
  return {
    pause: (id, isNow = false) =>
      send(id, 'pause', () => call(api.POST('/jobs/{job_id}/pause', { ...path(id), body: { now: isNow } }))),
    resume: (id) => send(id, 'resume', () => call(api.POST('/jobs/{job_id}/resume', path(id)))),
    cancel: (id) => send(id, 'cancel', () => call(api.POST('/jobs/{job_id}/cancel', path(id)))),
    retry: (id, what = {}) =>
      send(id, 'retry', () => call(api.POST('/jobs/{job_id}/retry', { ...path(id), body: what }))),
    retryTask: (id, taskId) =>
      send(id, 'retry', () =>
        call(
          api.POST('/jobs/{job_id}/tasks/{task_id}/retry', {
            params: { path: { job_id: id, task_id: taskId } },
          }),
        ),
      ),
    setLane: (id, lane) =>
      send(id, 'priority', () =>
        call(api.PATCH('/jobs/{job_id}', { ...path(id), body: { priority: lane } })),
      ),
  }
}

/** Jobs of one call. */
const MOST_IDS = 1_000

/** How many jobs an action would change; nothing is changed. */
export async function countJobs(action: JobsAction): Promise<ChangedJobs> {
  const answers = await Promise.all(
    inChunks(action).map((body) => call(api.POST('/jobs/actions', { body: { ...body, dry_run: true } }))),
  )
  return answers.reduce(sum)
}

/** Do the same to many jobs. A call does what fits into a few seconds, and is repeated until all is done. */
export async function actOnJobs(
  action: JobsAction,
  onProgress?: (changed: number) => void,
): Promise<{ changed: number; skipped: number }> {
  let changed = 0
  let skipped = 0
  for (const body of inChunks(action)) {
    let isFirst = true
    for (;;) {
      const answer = await call(api.POST('/jobs/actions', { body }))
      changed += answer.changed_jobs
      // Later answers also count what the ones before have changed.
      if (isFirst) skipped += answer.skipped_jobs
      isFirst = false
      onProgress?.(changed)
      if (answer.remaining_jobs === 0 || answer.changed_jobs === 0) break
    }
  }
  return { changed, skipped }
}

export function inChunks(action: JobsAction): readonly JobsAction[] {
  const { job_ids } = action
  if (!job_ids) return [action]
  return Array.from({ length: Math.ceil(job_ids.length / MOST_IDS) }, (_, at) => ({
    ...action,
    job_ids: job_ids.slice(at * MOST_IDS, (at + 1) * MOST_IDS),
  }))
}

function sum(one: ChangedJobs, other: ChangedJobs): ChangedJobs {
  return {
    matched_jobs: one.matched_jobs + other.matched_jobs,
    changed_jobs: one.changed_jobs + other.changed_jobs,
    remaining_jobs: one.remaining_jobs + other.remaining_jobs,
    skipped_jobs: one.skipped_jobs + other.skipped_jobs,
    redone_tasks: (one.redone_tasks ?? 0) + (other.redone_tasks ?? 0),
    kept_tasks: (one.kept_tasks ?? 0) + (other.kept_tasks ?? 0),
  }
}
