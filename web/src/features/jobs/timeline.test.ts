import { expect, test } from 'vitest'
import type { Attempt, Task } from './queries'
import { timelineOf } from './timeline'

const START = Date.parse('2026-11-29T12:00:00Z')
const at = (seconds: number) => new Date(START + seconds * 1_000).toISOString()

function attempt(from: number, to: number | null): Attempt {
  return { started_at: at(from), finished_at: to === null ? null : at(to) } as Attempt
}
function task(id: string, ...attempts: Attempt[]): Task {
  return { id, attempts } as Task
}

test('bars lie where their attempts were, in the order of their beginnings', () => {
  const later = task('later', attempt(5, 10))
  const first = task('first', attempt(0, 2), attempt(4, 5))
  const timeline = timelineOf([later, first, task('waiting')], START)
  expect(timeline?.lines.map((line) => line.task.id)).toEqual(['first', 'later'])
  expect(timeline?.totalMs).toBe(10_000)
  const places = timeline?.lines.flatMap((line) => line.bars.map(({ start, width }) => [start, width]))
  expect(places).toEqual([
    [0, 0.2],
    [0.4, 0.1],
    [0.5, 0.5],
  ])
})

test('what still runs reaches until now', () => {
  const timeline = timelineOf([task('a', attempt(0, null))], START + 4_000)
  expect(timeline?.lines[0]?.bars[0]).toMatchObject({ start: 0, width: 1, ms: 4_000 })
})

test('without attempts there is no timeline', () => {
  expect(timelineOf([task('a')], START)).toBeNull()
})
