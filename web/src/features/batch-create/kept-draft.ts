/**
 * The draft of a batch, kept in this browser until it is made or thrown away: what is typed in the local storage; rows of
 * tables, of which there may be too many for that, in the browser's database. One for each team.
 */

import { type Mode, NO_SETTINGS, NO_TOPICS, type NumberedTopic, type Settings, type Topics } from './draft'

export interface KeptDraft {
  readonly settings: Settings
  readonly topics: Topics
  readonly sending: Sending | null
}

/** A batch that was begun: sent once more with this key, it goes on where it stopped. */
export interface Sending {
  readonly key: string
  readonly mode: Mode
  readonly projectId: string
  /** Topics that the database has, as far as it said. */
  readonly sent: number
  /** The batch, once an answer has named it. */
  readonly batchId?: string
}

interface Stored {
  readonly settings: Partial<Settings>
  /** Of rows only their name; they are in the database. */
  readonly topics:
    | { readonly kind: 'text'; readonly text: string }
    | { readonly kind: 'rows'; readonly name: string }
  readonly sending?: Sending | null
}

const nameOf = (tenantId: string) => `cliprow.batch-draft.${tenantId}`

export async function readDraft(tenantId: string): Promise<KeptDraft | null> {
  const stored = parse(localStorage.getItem(nameOf(tenantId)))
  if (!stored) return null
  return {
    settings: { ...NO_SETTINGS, ...stored.settings },
    topics: await topicsOf(tenantId, stored.topics),
    sending: stored.sending ?? null,
  }
}

async function topicsOf(tenantId: string, topics: Stored['topics']): Promise<Topics> {
  if (topics.kind === 'text') return topics
  const rows = await readRows(tenantId)
  return rows ? { kind: 'rows', name: topics.name, rows } : NO_TOPICS
}

/** Throws QuotaExceededError when the browser has no room for it. */
export async function keepDraft(tenantId: string, draft: KeptDraft, hasOtherRows = true): Promise<void> {
  const { settings, topics, sending } = draft
  const stored: Stored = {
    settings,
    topics: topics.kind === 'text' ? topics : { kind: 'rows', name: topics.name },
    sending,
  }
  localStorage.setItem(nameOf(tenantId), JSON.stringify(stored))
  if (topics.kind === 'rows' && hasOtherRows) await writeRows(tenantId, topics.rows)
}

export async function discardDraft(tenantId: string): Promise<void> {
  localStorage.removeItem(nameOf(tenantId))
  await writeRows(tenantId, null)
}

function parse(text: string | null): Stored | null {
  if (text === null) return null
  try {
    const stored = JSON.parse(text) as Stored
    return stored.settings && stored.topics ? stored : null
  } catch (error) {
    // Written by something else: there is no draft.
    if (error instanceof SyntaxError) return null
    throw error
  }
}

const STORE = 'rows'

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open('cliprow.batch-draft', 1)
  request.onupgradeneeded = () => request.result.createObjectStore(STORE)
  return settled(request)
}

async function readRows(tenantId: string): Promise<readonly NumberedTopic[] | undefined> {
  const database = await open()
  try {
    return await settled(database.transaction(STORE).objectStore(STORE).get(tenantId))
  } finally {
    database.close()
  }
}

async function writeRows(tenantId: string, rows: readonly NumberedTopic[] | null): Promise<void> {
  const database = await open()
  try {
    const store = database.transaction(STORE, 'readwrite').objectStore(STORE)
    if (rows) await settled(store.put(rows, tenantId))
    else await settled(store.delete(tenantId))
  } finally {
    database.close()
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

const PLATFORMS = 'cliprow.last-platforms'

/** Platforms of the batch made last, for the next one of a project that says none. */
export function platformsLastUsed(): readonly string[] {
  return localStorage.getItem(PLATFORMS)?.split(',').filter(Boolean) ?? []
}

export function keepPlatforms(platforms: unknown): void {
  if (Array.isArray(platforms)) localStorage.setItem(PLATFORMS, platforms.join(','))
}

/** Rows of a table as the topics of the draft, whose other settings stay. */
export async function takeRows(
  tenantId: string,
  name: string,
  rows: readonly NumberedTopic[],
): Promise<void> {
  const kept = await readDraft(tenantId)
  const settings = kept?.settings ?? NO_SETTINGS
  await keepDraft(tenantId, { settings, topics: { kind: 'rows', name, rows }, sending: null })
}
