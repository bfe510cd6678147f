/**
 * Commands that are on their way: shown as pending until a row with the version they made is known, gone at once when
 * they are refused. The row itself is never guessed: its state comes from the database.
 */

import { type QueryClient, queryOptions, useQuery } from '@tanstack/react-query'
import { type Kind, knownRow } from '../rows'
import type { Changes } from './buffer'

export interface PendingCommand {
  readonly command: string
  /** Version that the row had when it was sent; any higher one confirms it. */
  readonly version: number
}
type Pending = ReadonlyMap<string, PendingCommand>

const pendingQuery = queryOptions<Pending>({
  queryKey: ['pending-commands'],
  queryFn: () => new Map(),
  initialData: new Map(),
  staleTime: 'static',
  gcTime: Number.POSITIVE_INFINITY,
  structuralSharing: false,
})

/** A confirmation that does not come: what is shown is fetched again. Milliseconds. */
const UNCONFIRMED_MS = 5_000

/** Send a command on a row, and show it as pending meanwhile. The promise fails as the command does. */
export async function withPending<T>(
  client: QueryClient,
  target: { kind: Kind; id: string; command: string },
  send: () => Promise<T>,
): Promise<T> {
  const { kind, id, command } = target
  const version = knownRow(client, kind, id)?.version ?? 0
  change(client, (pending) => pending.set(id, { command, version }))
  try {
    const answer = await send()
    const made = (answer as { version?: number } | undefined)?.version
    // Some commands change nothing, and so make no version.
    if (made !== undefined && made <= (knownRow(client, kind, id)?.version ?? 0)) drop(client, id)
    else setTimeout(() => void settleLate(client, id), UNCONFIRMED_MS)
    return answer
  } catch (error) {
    drop(client, id)
    throw error
  }
}

/** Rows that are newer than the commands on them. */
export function settleCommands(client: QueryClient, changes: Changes): void {
  const pending = client.getQueryData<Pending>(pendingQuery.queryKey)
  if (!pending || pending.size === 0) return
  const settled = Object.values(changes)
    .flat()
    .filter((row) => row && (pending.get(row.id)?.version ?? Number.POSITIVE_INFINITY) < row.version)
  if (settled.length > 0) {
    change(client, (next) => {
      for (const row of settled) next.delete(row?.id ?? '')
    })
  }
}

/** The command that is on its way to a row. */
export function usePendingCommand(id: string): PendingCommand | undefined {
  return useQuery({ ...pendingQuery, select: (pending) => pending.get(id) }).data
}

async function settleLate(client: QueryClient, id: string): Promise<void> {
  if (!client.getQueryData<Pending>(pendingQuery.queryKey)?.has(id)) return
  await client.invalidateQueries({ type: 'active' })
  drop(client, id)
}

function drop(client: QueryClient, id: string): void {
  change(client, (pending) => pending.delete(id))
}

function change(client: QueryClient, alter: (pending: Map<string, PendingCommand>) => void): void {
  const next = new Map(client.getQueryData<Pending>(pendingQuery.queryKey) ?? [])
  alter(next)
  client.setQueryData<Pending>(pendingQuery.queryKey, next)
}
