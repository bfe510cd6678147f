/**
 * Rows of the database as they are known here: one query cache entry for each kind, which fetches and live messages
 * feed. Rows are whole and have a version; the highest wins, however late or often a row comes.
 */

import { type QueryClient, queryOptions, useQuery } from '@tanstack/react-query'
import type { Schemas } from './api'

export type JobRow = Schemas['Job']
export type BatchRow = Schemas['Batch'] & { deleted_at?: string | null }
export type ProjectRow = Schemas['Project'] & { deleted_at?: string | null }
export type TaskRow = Omit<Schemas['Task'], 'attempts'> & { job_id: string; retries?: number }

export interface Kinds {
  jobs: JobRow
  batches: BatchRow
  projects: ProjectRow
  tasks: TaskRow
}
export type Kind = keyof Kinds
/** As it comes: a live message leaves long texts out, and calls `updated_at` `timestamp`. */
export type IncomingRow = { id: string; version: number; timestamp?: string; updated_at?: string }

/** What a list is filtered and ordered by; a change of it may move a row in or out. */
const PLACING = [
  'status',
  'paused_at',
  'paused_after',
  'lane',
  'deleted_at',
  'blocked_at',
  'starts_at',
  'title',
  'name',
] as const

interface Known<T> {
  readonly byId: ReadonlyMap<string, T>
}

export function rowsQuery<K extends Kind>(kind: K) {
  return queryOptions<Known<Kinds[K]>>({
    queryKey: ['rows', kind],
    // Filled by `mergeRows` alone.
    queryFn: () => ({ byId: new Map() }),
    initialData: { byId: new Map() },
    // Also where all that is shown is fetched again.
    staleTime: 'static',
    gcTime: Number.POSITIVE_INFINITY,
    structuralSharing: false,
  })
}

export interface Merged {
  /** Ids whose row is another now. */
  readonly changed: readonly string[]
  /** Whether a list may have other rows, or another order. */
  readonly isPlaced: boolean
}

/** Of more rows than this, live messages bring up to date only those that were fetched to be shown. */
const MOST_UNASKED = 20_000

/** Take in rows of a kind: those that are newer than what is known. */
export function mergeRows<K extends Kind>(
  client: QueryClient,
  kind: K,
  rows: readonly IncomingRow[],
  { isLive = false } = {},
): Merged {
  const changed: string[] = []
  let isPlaced = false
  const { queryKey } = rowsQuery(kind)
  const known = client.getQueryData<Known<Kinds[K]>>(queryKey)
  // The map is changed in place and its wrapper replaced: copying 10,000 entries five times a second is not free.
  const byId = (known?.byId ?? new Map()) as Map<string, Kinds[K]>
  for (const row of rows) {
    const old = byId.get(row.id)
    if (old && old.version > row.version) continue
    if (!old && isLive && byId.size >= MOST_UNASKED) {
      isPlaced = true
      continue
    }
    const next = { ...old, ...row, updated_at: row.updated_at ?? row.timestamp } as Kinds[K]
    isPlaced ||= !old || PLACING.some((name) => isOther(old, next, name))
    byId.set(row.id, next)
    changed.push(row.id)
  }
  if (changed.length > 0) client.setQueryData<Known<Kinds[K]>>(queryKey, { byId })
  return { changed, isPlaced }
}

function isOther(old: object, next: object, name: string): boolean {
  return (old as Record<string, unknown>)[name] !== (next as Record<string, unknown>)[name]
}

/** The row as it is known now; renders again only when it changes. */
export function useRow<K extends Kind>(kind: K, id: string): Kinds[K] | undefined {
  return useQuery({ ...rowsQuery(kind), select: (known) => known.byId.get(id) }).data
}

/** Some rows in the order of their ids, those that are known; renders again only when one of them changes. */
export function useRows<K extends Kind>(kind: K, ids: readonly string[]): readonly Kinds[K][] {
  return useQuery({
    ...rowsQuery(kind),
    structuralSharing: sameRows,
    select: (known) => ids.flatMap((id) => known.byId.get(id) ?? []),
  }).data
}

function sameRows(old: unknown, next: unknown): unknown {
  if (!Array.isArray(old) || !Array.isArray(next)) return next
  return old.length === next.length && old.every((row, at) => row === next[at]) ? old : next
}

export function knownRow<K extends Kind>(client: QueryClient, kind: K, id: string): Kinds[K] | undefined {
  return client.getQueryData<Known<Kinds[K]>>(rowsQuery(kind).queryKey)?.byId.get(id)
}
