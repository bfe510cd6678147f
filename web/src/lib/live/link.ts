/**
 * The live channels of one tenant: private topics of Supabase Realtime, joined while somebody follows them.
 *
 *   live       every followed topic is joined
 *   polling    the socket is down: changes are fetched every 15 s ±10%, later every 60 s, while the page is visible
 *   offline    the server is not reached either
 *
 * Delivery is not guaranteed, so whatever may have been missed is fetched: after every join, where a message's
 * `prev_seq` is not the number of the one before, and on `resync`.
 */

import type { RealtimeChannel, RealtimeClient } from '@supabase/realtime-js'
import type { Changes } from './buffer'
import type { LiveMessage } from './messages'

export type Scope = 'tenant' | 'project' | 'batch'
export type LinkState = 'connecting' | 'live' | 'polling' | 'offline'
export interface LinkStatus {
  readonly state: LinkState
  /** When it became so; milliseconds since 1970. */
  readonly since: number
  /** When something was last heard of the server. */
  readonly heardAt: number
}

export interface LinkParts {
  /** A client that is not connected yet. */
  readonly client: RealtimeClient
  readonly tenantId: string
  readonly epoch: number
  /** Fetch what may have been missed; throws when the server is not reached. */
  readonly catchUp: () => Promise<void>
  readonly onChanges: (changes: Changes, message: object) => void
  readonly onStatus: (status: LinkStatus) => void
}

interface Topic {
  readonly scope: Scope
  readonly id: string
  followers: number
  channel: RealtimeChannel | null
  isJoined: boolean
  /** Number of the last message; null before the first, when none can have been missed. */
  seq: number | null
}

const POLL_MS = 15_000
const POLL_MOST_MS = 60_000
/** Several topics that have to catch up at the same time do so together. */
const CATCH_UP_AFTER_MS = 50
/** A first connection may take so long before it counts as down. */
const CONNECTING_MS = 5_000

export class LiveLink {
  private readonly topics = new Map<string, Topic>()
  private status: LinkStatus = { state: 'connecting', since: Date.now(), heardAt: 0 }
  private epoch: number
  private isClosed = false
  private isReached = true
  private catchUpTimer: ReturnType<typeof setTimeout> | undefined
  private pollTimer: ReturnType<typeof setTimeout> | undefined
  private connectingTimer: ReturnType<typeof setTimeout> | undefined
  private pollMs = POLL_MS

  constructor(private readonly parts: LinkParts) {
    this.epoch = parts.epoch
    addEventListener('online', this.wake)
    addEventListener('offline', this.update)
    document.addEventListener('visibilitychange', this.wake)
    this.connectingTimer = setTimeout(() => this.down(), CONNECTING_MS)
  }

  /** Follow a topic until the returned function is called. */
  follow(scope: Scope, id: string): () => void {
    const key = `${scope}:${id}`
    const topic = this.topics.get(key) ?? {
      scope,
      id,
      followers: 0,
      channel: null,
      isJoined: false,
      seq: null,
    }
    this.topics.set(key, topic)
    topic.followers += 1
    if (!topic.channel) this.join(topic)
    return () => {
      topic.followers -= 1
      // A page that is left for another often follows the same topic.
      setTimeout(() => {
        if (topic.followers > 0 || this.topics.get(key) !== topic) return
        this.topics.delete(key)
        this.leave(topic)
        this.update()
      }, 1_000)
    }
  }

  /** A member was removed, or the tenant's topics were renewed for another reason. */
  setEpoch(epoch: number): void {
    // What was asked before may be answered after.
    if (epoch <= this.epoch) return
    this.epoch = epoch
    for (const topic of this.topics.values()) {
      this.leave(topic)
      this.join(topic)
    }
  }

  close(): void {
    this.isClosed = true
    removeEventListener('online', this.wake)
    removeEventListener('offline', this.update)
    document.removeEventListener('visibilitychange', this.wake)
    for (const timer of [this.catchUpTimer, this.pollTimer, this.connectingTimer]) clearTimeout(timer)
    this.topics.clear()
    void this.parts.client.removeAllChannels().then(() => this.parts.client.disconnect())
  }

  private join(topic: Topic): void {
    const name = `${topic.scope}:${topic.id}:${this.epoch}`
    const channel = this.parts.client.channel(name, { config: { private: true } })
    topic.channel = channel
    topic.seq = null
    channel.on('broadcast', { event: 'changes' }, ({ payload }) => this.hear(topic, payload as LiveMessage))
    channel.on('broadcast', { event: 'budget' }, ({ payload }) => {
      this.heard()
      this.parts.onChanges({}, { budget_events: [payload] })
    })
    channel.on('broadcast', { event: 'resync' }, ({ payload }) => {
      const { seq, epoch } = payload as LiveMessage
      topic.seq = seq
      this.catchUpSoon()
      // The channel joins again by itself where the log was faster than the tables.
      if (epoch !== undefined) this.setEpoch(epoch)
    })
    channel.subscribe((status) => {
      if (topic.channel !== channel || this.isClosed) return
      topic.isJoined = status === 'SUBSCRIBED'
      if (topic.isJoined) {
        topic.seq = null
        this.heard()
        this.catchUpSoon()
        this.update()
      } else {
        this.down()
      }
    })
  }

  private leave(topic: Topic): void {
    const { channel } = topic
    topic.channel = null
    topic.isJoined = false
    if (channel) void this.parts.client.removeChannel(channel)
  }

  private hear(topic: Topic, message: LiveMessage): void {
    const isMissed = topic.seq !== null && message.prev_seq > topic.seq
    topic.seq = Math.max(topic.seq ?? 0, message.seq)
    this.heard()
    const { projects, batches, jobs, tasks } = message
    this.parts.onChanges({ projects, batches, jobs, tasks }, message)
    if (isMissed) this.catchUpSoon()
  }

  private heard(): void {
    this.isReached = true
    this.status = { ...this.status, heardAt: Date.now() }
  }

  private readonly catchUpSoon = (): void => {
    this.catchUpTimer ??= setTimeout(() => {
      this.catchUpTimer = undefined
      void this.catchUp()
    }, CATCH_UP_AFTER_MS)
  }

  private async catchUp(): Promise<void> {
    try {
      await this.parts.catchUp()
      this.heard()
    } catch {
      // What went wrong is for the badge: the next poll or join tries again.
      this.isReached = false
      this.schedulePoll()
    }
    this.update()
  }

  private down(): void {
    clearTimeout(this.connectingTimer)
    this.connectingTimer = undefined
    this.update()
  }

  /** The page is looked at again, or the machine is in a network again. */
  private readonly wake = (): void => {
    if (this.isClosed || document.visibilityState === 'hidden') return
    this.pollMs = POLL_MS
    if (!this.isLive && this.topics.size > 0) {
      if (!this.parts.client.isConnected()) this.parts.client.connect()
      this.catchUpSoon()
    }
    this.update()
  }

  private get isLive(): boolean {
    return this.topics.size > 0 && [...this.topics.values()].every((topic) => topic.isJoined)
  }

  private readonly update = (): void => {
    if (this.isClosed) return
    const state = this.stateNow()
    if (state === 'live') {
      clearTimeout(this.connectingTimer)
      this.connectingTimer = undefined
      clearTimeout(this.pollTimer)
      this.pollTimer = undefined
      this.pollMs = POLL_MS
    } else if (state !== 'connecting') {
      this.schedulePoll()
    }
    const since = state === this.status.state ? this.status.since : Date.now()
    this.status = { ...this.status, state, since }
    this.parts.onStatus(this.status)
  }

  private stateNow(): LinkState {
    if (this.isLive) return 'live'
    if (navigator.onLine === false || !this.isReached) return 'offline'
    return this.connectingTimer === undefined ? 'polling' : 'connecting'
  }

  private schedulePoll(): void {
    if (this.pollTimer !== undefined || this.isClosed) return
    const wait = this.pollMs * (0.9 + Math.random() * 0.2)
    this.pollTimer = setTimeout(() => {
      this.pollTimer = undefined
      if (document.visibilityState === 'hidden') return this.schedulePoll()
      this.pollMs = Math.min(this.pollMs * 1.5, POLL_MOST_MS)
      void this.catchUp()
    }, wait)
  }
}
