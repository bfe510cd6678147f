/** What became of batches since it was asked last, from their rows, which every page is told of. */

import type { BatchRow } from '@/lib/rows'

type Told = Pick<BatchRow, 'id' | 'completed_at' | 'waiting_at' | 'failed_count'>

export interface BatchNews<Row extends Told = BatchRow> {
  readonly batch: Row
  /** How many videos of it have failed. */
  readonly failed: number
  /** It has ended, or all of its videos that are to be looked at wait for that. */
  readonly what: 'ended' | 'waiting' | null
}

interface Known {
  readonly completedAt: number
  readonly waitingAt: number
  readonly failed: number
}

export class BatchWatch {
  private readonly known = new Map<string, Known>()

  /** Of batches that are seen for the first time is news what came after `since` (ms): they may be old ones. */
  constructor(private readonly since: number) {}

  hear<Row extends Told>(batches: Iterable<Row>): BatchNews<Row>[] {
    const news: BatchNews<Row>[] = []
    for (const batch of batches) {
      const next = {
        completedAt: Date.parse(batch.completed_at ?? '') || 0,
        waitingAt: Date.parse(batch.waiting_at ?? '') || 0,
        failed: batch.failed_count,
      }
      const old = this.known.get(batch.id) ?? {
        completedAt: this.since,
        waitingAt: this.since,
        failed: next.failed,
      }
      this.known.set(batch.id, next)
      const failed = Math.max(0, next.failed - old.failed)
      const what = whatOf(old, next)
      if (failed > 0 || what) news.push({ batch, failed, what })
    }
    return news
  }
}

function whatOf(old: Known, next: Known): BatchNews['what'] {
  if (next.completedAt > 0) return next.completedAt > old.completedAt ? 'ended' : null
  return next.waitingAt > old.waitingAt ? 'waiting' : null
}
