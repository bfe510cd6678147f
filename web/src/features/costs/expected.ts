import type { Schemas } from '@/lib/api'

type StageTasks = Pick<Schemas['StageProgress'], 'stage' | 'total' | 'reused'>

/**
 * What the tasks of a batch, as far as they are known, are expected to cost by the prices of now; what was found again
 * costs nothing. Null where a stage costs and nobody can say how much.
 */
export function expectedCost(
  stages: readonly StageTasks[],
  prices: readonly Schemas['StageCost'][],
): number | null {
  let sum = 0
  for (const { stage, total, reused } of stages) {
    const price = prices.find((each) => each.stage === stage)
    if (!price?.does_cost) continue
    if (price.per_task === null) return null
    sum += price.per_task * (total - reused)
  }
  return sum
}
