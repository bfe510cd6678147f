/** What happened to a job, in order, from what its tasks, attempts and pauses tell. */

import type { Attempt, JobDetail, JobPause, Task } from './queries'

export type HistoryEvent =
  | { readonly at: string; readonly what: 'created' | 'started' | 'paused' | 'late' }
  | { readonly at: string; readonly what: 'ended'; readonly status: JobDetail['status'] }
  | { readonly at: string; readonly what: 'pausing'; readonly pause: JobPause }
  | { readonly at: string; readonly what: 'reused'; readonly task: Task }
  | { readonly at: string; readonly what: 'attempt'; readonly task: Task; readonly attempt: Attempt }

/** The newest first. */
export function historyOf(job: JobDetail, pauses: readonly JobPause[]): HistoryEvent[] {
  const events: HistoryEvent[] = [{ at: job.created_at, what: 'created' }]
  if (job.started_at) events.push({ at: job.started_at, what: 'started' })
  for (const pause of pauses) events.push({ at: pause.created_at, what: 'pausing', pause })
  // One that is older than their record.
  if (job.paused_at && !pauses.some(({ scope, action }) => scope === 'job' && action !== 'resume'))
    events.push({ at: job.paused_at, what: 'paused' })
  if (job.is_late && job.deadline) events.push({ at: job.deadline, what: 'late' })
  if (job.completed_at) events.push({ at: job.completed_at, what: 'ended', status: job.status })
  for (const task of job.tasks) {
    if (task.is_reused && task.completed_at) events.push({ at: task.completed_at, what: 'reused', task })
    for (const attempt of task.attempts) {
      events.push({ at: attempt.finished_at ?? attempt.started_at, what: 'attempt', task, attempt })
    }
  }
  return events.sort((one, other) => Date.parse(other.at) - Date.parse(one.at))
}
