import { expect, test } from 'vitest'
import { expectedCost } from './expected'

const paid = { stage: 'script_generation', provider: 'p', model: null, per_task: 0.5, does_cost: true }

test('tasks cost what their stage costs, reused ones nothing', () => {
  const stages = [
    { stage: 'script_generation' as const, total: 10, reused: 4 },
    { stage: 'video_generation' as const, total: 30, reused: 0 },
  ]
  expect(expectedCost(stages, [paid])).toBe(3)
})

test('a price that nobody knows makes the sum unknown', () => {
  const stages = [{ stage: 'script_generation' as const, total: 1, reused: 0 }]
  expect(expectedCost(stages, [{ ...paid, per_task: null }])).toBeNull()
})
