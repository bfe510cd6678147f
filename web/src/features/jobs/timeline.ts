/** Attempts of tasks as bars over time. */

import type { Attempt, Task } from './queries'

export interface TimelineBar {
  readonly attempt: Attempt
  /** Share of the whole width, 0 to 1. */
  readonly start: number
  readonly width: number
  /** How long it ran, or has been running. Milliseconds. */
  readonly ms: number
}
export interface TimelineLine {
  readonly task: Task
  readonly bars: readonly TimelineBar[]
}
export interface Timeline {
  readonly lines: readonly TimelineLine[]
  readonly startedAt: number
  readonly totalMs: number
}

/** Null where nothing has been tried yet. Tasks are in the order in which they began. */
export function timelineOf(tasks: readonly Task[], now: number): Timeline | null {
  const attempts = tasks.flatMap((task) => task.attempts)
  if (attempts.length === 0) return null
  const endOf = ({ finished_at }: Attempt) => (finished_at ? Date.parse(finished_at) : now)
  const startedAt = Math.min(...attempts.map((each) => Date.parse(each.started_at)))
  const endedAt = Math.max(...attempts.map(endOf))
  const totalMs = Math.max(1, endedAt - startedAt)
  const lines = tasks
    .filter((task) => task.attempts.length > 0)
    .map((task) => ({
      task,
      bars: task.attempts.map((attempt) => {
        const from = Date.parse(attempt.started_at)
        const ms = Math.max(0, endOf(attempt) - from)
        return { attempt, start: (from - startedAt) / totalMs, width: ms / totalMs, ms }
      }),
    }))
    .sort((one, other) => (one.bars[0]?.start ?? 0) - (other.bars[0]?.start ?? 0))
  return { lines, startedAt, totalMs }
}
