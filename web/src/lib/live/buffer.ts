/** Changes wait here and are applied together, at most five times a second, the newest of each row. */

import type { IncomingRow, Kind } from '../rows'

/** Milliseconds between two times of applying. */
export const FLUSH_MS = 200

export type Changes = Partial<Record<Kind, readonly IncomingRow[]>>

export class ChangeBuffer {
  private readonly waiting = new Map<Kind, Map<string, IncomingRow>>()
  private timer: ReturnType<typeof setTimeout> | undefined
  private flushedAt = Number.NEGATIVE_INFINITY
  private frozen = false

  constructor(
    private readonly apply: (changes: Changes) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  add(changes: Changes): void {
    for (const kind of Object.keys(changes) as Kind[]) {
      const rows = this.waiting.get(kind) ?? new Map<string, IncomingRow>()
      this.waiting.set(kind, rows)
      for (const row of changes[kind] ?? []) {
        const known = rows.get(row.id)
        if (!known || known.version <= row.version) rows.set(row.id, row)
      }
    }
    this.schedule()
  }

  /** While frozen nothing is applied, and nothing lost. */
  freeze(frozen: boolean): void {
    this.frozen = frozen
    this.schedule()
  }

  get isFrozen(): boolean {
    return this.frozen
  }

  get size(): number {
    return [...this.waiting.values()].reduce((sum, rows) => sum + rows.size, 0)
  }

  clear(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    this.waiting.clear()
  }

  private schedule(): void {
    if (this.frozen) {
      clearTimeout(this.timer)
      this.timer = undefined
      return
    }
    if (this.timer !== undefined || this.size === 0) return
    const wait = Math.max(0, this.flushedAt + FLUSH_MS - this.now())
    this.timer = setTimeout(() => this.flush(), wait)
  }

  private flush(): void {
    this.timer = undefined
    this.flushedAt = this.now()
    const changes: Changes = {}
    for (const [kind, rows] of this.waiting) changes[kind] = [...rows.values()]
    this.waiting.clear()
    this.apply(changes)
  }
}
