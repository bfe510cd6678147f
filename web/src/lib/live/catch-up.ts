/** What changed since it was last asked, for whatever live messages have not told. */

import { api, call } from '../api'
import type { Changes } from './buffer'

/** Changes are asked for with so much overlap, because a slow transaction's are seen only when it ends. */
const OVERLAP_MS = 10_000
const PAGE_ROWS = 1_000
/** Beyond so many pages it is cheaper to fetch what is shown again. */
const MOST_PAGES = 5

export class CatchUp {
  /** By the server's clock; at first by ours, with a minute for what it is off. */
  private since = new Date(Date.now() - 60_000).toISOString()
  private running: Promise<void> | null = null
  private next: Promise<void> | null = null

  constructor(
    private readonly take: (changes: Changes, answer: object) => void,
    private readonly takeTooMany: () => void,
  ) {}

  /** Calls while an answer is awaited share the next one: what they are about may be too new for the first. */
  run(): Promise<void> {
    if (this.running) {
      this.next ??= this.running
        .catch(() => undefined)
        .then(() => {
          this.next = null
          return this.run()
        })
      return this.next
    }
    this.running = this.fetchAll().finally(() => {
      this.running = null
    })
    return this.running
  }

  private async fetchAll(): Promise<void> {
    let place: { since: string; after_id?: string } = { since: this.since }
    let now = ''
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const answer = await call(api.GET('/events', { params: { query: { ...place, limit: PAGE_ROWS } } }))
      now ||= answer.now
      this.take(answer as unknown as Changes, answer)
      if (!answer.next) break
      place = answer.next
      if (page === MOST_PAGES - 1) this.takeTooMany()
    }
    this.since = new Date(Date.parse(now) - OVERLAP_MS).toISOString()
  }
}
