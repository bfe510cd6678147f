/** Fetches again the lists and figures that live changes have made old, each no more often than it allows. */

import type { Query, QueryClient } from '@tanstack/react-query'
import type { Kind } from '../rows'

/** `meta: { live: { kinds: ['jobs'], everyMs: 1000 } }` of a query. */
export interface LiveMeta {
  /** Changes of which kinds of rows make it old. */
  readonly kinds: readonly Kind[]
  readonly everyMs: number
  /** Figures grow old with every change; lists only when a row may be in another place. */
  readonly isFigure?: boolean
}

declare module '@tanstack/react-query' {
  interface Register {
    queryMeta: { live?: LiveMeta }
  }
}

export class ListRefresher {
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>()
  /** Grown old while nothing may move. */
  private readonly held = new Set<Query>()
  private isAllHeld = false
  private isFrozen = false

  constructor(private readonly client: QueryClient) {}

  touch(touched: ReadonlyMap<Kind, { isPlaced: boolean }>): void {
    for (const query of this.client.getQueryCache().getAll()) {
      const live = query.meta?.live
      if (!live) continue
      const isOld = live.kinds.some((kind) => {
        const change = touched.get(kind)
        return change !== undefined && (live.isFigure || change.isPlaced)
      })
      if (isOld) this.refresh(query, live.everyMs)
    }
  }

  /** All that is shown. */
  refreshAll(): void {
    if (this.isFrozen) this.isAllHeld = true
    else void this.client.invalidateQueries({ type: 'active' })
  }

  /** While frozen nothing is fetched again; what has grown old meanwhile is afterwards. */
  freeze(frozen: boolean): void {
    this.isFrozen = frozen
    if (frozen) return
    if (this.isAllHeld) this.refreshAll()
    else for (const query of this.held) this.invalidate(query)
    this.held.clear()
    this.isAllHeld = false
  }

  clear(): void {
    for (const timer of this.timers.values()) clearTimeout(timer)
    this.timers.clear()
    this.held.clear()
  }

  private refresh(query: Query, everyMs: number): void {
    if (this.timers.has(query.queryHash)) return
    const wait = Math.max(0, query.state.dataUpdatedAt + everyMs - Date.now())
    const timer = setTimeout(() => {
      this.timers.delete(query.queryHash)
      if (this.isFrozen) this.held.add(query)
      else this.invalidate(query)
    }, wait)
    this.timers.set(query.queryHash, timer)
  }

  private invalidate({ queryKey }: Query): void {
    void this.client.invalidateQueries({ queryKey, exact: true })
  }
}
