/** What stands in the address of the operations: the tab, its filters, and what is open. */

import type { Schemas } from '@/lib/api'
import { readDay, readOne, readText } from '@/lib/search-params'

export const TABS = ['letters', 'queues', 'audit', 'webhooks', 'content', 'flags'] as const
export const STAGES = [
  'script_generation',
  'audio_generation',
  'video_generation',
  'platform_adaptation',
  'post_processing',
] as const satisfies Schemas['Stage'][]

export interface OperationsSearch {
  readonly tab?: (typeof TABS)[number]
  /** Of dead letters. */
  readonly code?: string
  readonly stage?: Schemas['Stage']
  readonly project?: string
  readonly discarded?: true
  /** The one that is open: `job/task`. */
  readonly letter?: string
  readonly from?: string
  readonly to?: string
  /** Of the audit. */
  readonly user?: string
  readonly entity?: string
  readonly action?: string
  readonly door?: string
  /** The webhook whose deliveries are shown. */
  readonly hook?: string
}

export function readOperationsSearch(search: Record<string, unknown>): OperationsSearch {
  const read: OperationsSearch = {
    tab: readOne(search, 'tab', TABS),
    code: readText(search, 'code'),
    stage: readOne(search, 'stage', STAGES),
    project: readText(search, 'project'),
    discarded: search.discarded === true ? true : undefined,
    letter: readText(search, 'letter'),
    from: readDay(search, 'from'),
    to: readDay(search, 'to'),
    user: readText(search, 'user'),
    entity: readText(search, 'entity'),
    action: readText(search, 'action'),
    door: readText(search, 'door'),
    hook: readText(search, 'hook'),
  }
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined))
}
