/** The live link as React knows it: one for each sign-in and tenant, made by `LiveProvider`. */

import { RealtimeClient } from '@supabase/realtime-js'
import { focusManager, type QueryClient, useQueryClient } from '@tanstack/react-query'
import {
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from 'react'
import type { Schemas } from '../api'
import { type Kind, mergeRows, type TaskRow } from '../rows'
import { accessToken, onSessionChange } from '../session'
import { ChangeBuffer, type Changes } from './buffer'
import { CatchUp } from './catch-up'
import { settleCommands } from './commands'
import { type LinkStatus, LiveLink, type Scope } from './link'
import { ListRefresher } from './lists'
import type { LiveEvent, LiveMessage } from './messages'

/** Everything of one tenant that hears. */
class Live {
  private readonly listeners = new Set<() => void>()
  private readonly eventListeners = new Set<(events: readonly LiveEvent[]) => void>()
  private readonly seenEvents = new Set<string>()
  private readonly watchedJobs = new Map<string, number>()
  private readonly stopListening: () => void
  private readonly lists: ListRefresher
  private readonly buffer: ChangeBuffer
  private readonly catchUp: CatchUp
  readonly link: LiveLink
  status: LinkStatus = { state: 'connecting', since: Date.now(), heardAt: 0 }

  constructor(
    private readonly queries: QueryClient,
    config: Schemas['ClientConfig'],
    tenant: { id: string; epoch: number },
  ) {
    this.lists = new ListRefresher(queries)
    this.buffer = new ChangeBuffer((changes) => this.apply(changes))
    this.catchUp = new CatchUp(
      (changes, message) => this.hear(changes, message),
      () => this.lists.refreshAll(),
    )
    const client = new RealtimeClient(`${config.supabase_url.replace(/^http/, 'ws')}/realtime/v1`, {
      params: { apikey: config.publishable_key },
      accessToken,
      // Timers of hidden pages are slowed down, and the server drops who is silent.
      worker: typeof Worker !== 'undefined',
      workerUrl: `${import.meta.env.BASE_URL}heartbeat.js`,
      reconnectAfterMs: (tries) => Math.min(500 * 2 ** tries, 4_000) * (0.6 + Math.random() * 0.4),
    })
    this.link = new LiveLink({
      client,
      tenantId: tenant.id,
      epoch: tenant.epoch,
      catchUp: () => this.catchUp.run(),
      onChanges: (changes, message) => this.hear(changes, message),
      onStatus: (status) => {
        this.status = status
        for (const listener of this.listeners) listener()
      },
    })
    // A renewed token keeps the channels open.
    this.stopListening = onSessionChange(() => void client.setAuth().catch(() => undefined))
  }

  readonly onStatus = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  onEvents(listener: (events: readonly LiveEvent[]) => void): () => void {
    this.eventListeners.add(listener)
    return () => this.eventListeners.delete(listener)
  }

  /** Keep the tasks of a job too; there may be a hundred thousand of others. */
  watch(jobId: string): () => void {
    this.watchedJobs.set(jobId, (this.watchedJobs.get(jobId) ?? 0) + 1)
    return () => {
      const left = (this.watchedJobs.get(jobId) ?? 1) - 1
      if (left > 0) this.watchedJobs.set(jobId, left)
      else this.watchedJobs.delete(jobId)
    }
  }

  freeze(frozen: boolean): void {
    this.buffer.freeze(frozen)
    this.lists.freeze(frozen)
    // What is fetched by the clock waits as on a page that nobody looks at.
    focusManager.setFocused(frozen ? false : undefined)
    for (const listener of this.listeners) listener()
  }

  get isFrozen(): boolean {
    return this.buffer.isFrozen
  }

  close(): void {
    this.stopListening()
    if (this.isFrozen) focusManager.setFocused(undefined)
    this.link.close()
    this.buffer.clear()
    this.lists.clear()
  }

  private hear(changes: Changes, message: object): void {
    const { tenants, tenant, events, budget_events } = message as Pick<LiveMessage, 'tenants' | 'events'> & {
      tenant?: { epoch: number } | null
      budget_events?: readonly object[]
    }
    if (budget_events && budget_events.length > 0)
      void this.queries.invalidateQueries({ queryKey: ['budgets'] })
    const told = tenant ?? tenants?.[0]
    if (told) {
      this.link.setEpoch(told.epoch)
      // What a member may do has perhaps changed, and is told with what is fetched.
      const mayBeOther = tenants ? [['me'], ['projects'], ['batches'], ['jobs', 'detail']] : []
      for (const queryKey of mayBeOther) void this.queries.invalidateQueries({ queryKey })
    }
    const tasks = (changes.tasks ?? []).filter((row) => this.watchedJobs.has((row as TaskRow).job_id))
    this.buffer.add({ projects: changes.projects, batches: changes.batches, jobs: changes.jobs, tasks })
    this.tellEvents(events ?? [])
  }

  private tellEvents(events: readonly LiveEvent[]): void {
    const fresh = events.filter((event) => !this.seenEvents.has(event.id))
    if (fresh.length === 0) return
    for (const event of fresh) this.seenEvents.add(event.id)
    // The oldest may come again, which does no harm.
    if (this.seenEvents.size > 10_000) this.seenEvents.clear()
    for (const listener of this.eventListeners) listener(fresh)
  }

  private apply(changes: Changes): void {
    const touched = new Map<Kind, { isPlaced: boolean }>()
    for (const kind of Object.keys(changes) as Kind[]) {
      const merged = mergeRows(this.queries, kind, changes[kind] ?? [], { isLive: true })
      if (merged.changed.length > 0 || merged.isPlaced) touched.set(kind, merged)
    }
    settleCommands(this.queries, changes)
    if (touched.size > 0) this.lists.touch(touched)
  }
}

const Context = createContext<Live | null>(null)

interface LiveProviderProps {
  readonly config: Schemas['ClientConfig']
  readonly tenant: { id: string; epoch: number }
  readonly children: ReactNode
}

/** Follows the tenant's summaries, and what pages ask for beside. */
export function LiveProvider({ config, tenant, children }: LiveProviderProps) {
  const queries = useQueryClient()
  const [live, setLive] = useState<Live | null>(null)
  const { id, epoch } = tenant
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new epoch is told to the link that there is.
  useEffect(() => {
    const made = new Live(queries, config, { id, epoch })
    const release = made.link.follow('tenant', id)
    setLive(made)
    return () => {
      release()
      made.close()
      setLive(null)
    }
  }, [queries, config, id])
  useEffect(() => live?.link.setEpoch(epoch), [live, epoch])
  return <Context value={live}>{children}</Context>
}

const CONNECTING: LinkStatus = { state: 'connecting', since: Date.now(), heardAt: 0 }

export function useLinkStatus(): LinkStatus {
  const live = useContext(Context)
  return useSyncExternalStore(live?.onStatus ?? noSubscription, () => live?.status ?? CONNECTING)
}

/** Follow a project's or batch's jobs while the component is shown. */
export function useFollow(scope: Scope, id: string | undefined): void {
  const live = useContext(Context)
  useEffect(() => (live && id ? live.link.follow(scope, id) : undefined), [live, scope, id])
}

/** Keep a job's tasks up to date while the component is shown. */
export function useWatchedJob(jobId: string | undefined): void {
  const live = useContext(Context)
  useEffect(() => (live && jobId ? live.watch(jobId) : undefined), [live, jobId])
}

/** Hear of errors and state changes as they happen, each once. */
export function useLiveEvents(listener: (events: readonly LiveEvent[]) => void): void {
  const live = useContext(Context)
  useEffect(() => live?.onEvents(listener), [live, listener])
}

/** Whether changes are held back, and how to change that. */
export function useFreeze(): { isFrozen: boolean; setFrozen: (frozen: boolean) => void } {
  const live = useContext(Context)
  const isFrozen = useSyncExternalStore(live?.onStatus ?? noSubscription, () => live?.isFrozen ?? false)
  return useMemo(() => ({ isFrozen, setFrozen: (frozen) => live?.freeze(frozen) }), [isFrozen, live])
}

const noSubscription = () => () => undefined
