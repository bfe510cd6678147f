/** What somebody is about to make, as it stands in the form. */

import type { ReuseWish } from '@/features/library/reuse-wish'
import type { Schemas } from '@/lib/api'

/** A topic as the API takes it; fields left out are as the batch says. */
export type Topic = Schemas['Topic']

/** Topics typed one a line, or rows of a table, each with the number it has there. */
export type Topics =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'rows'; readonly name: string; readonly rows: readonly NumberedTopic[] }

export interface NumberedTopic {
  /** Line of the text or row of the table, from 1. */
  readonly number: number
  readonly topic: Topic
}

export type Mode = 'one' | 'many'

/** How videos are to be; null and empty: nothing is said. */
export interface Look {
  readonly duration_s: number | null
  readonly language: string
  readonly tone: Schemas['Tone'] | null
  readonly audience: string
  readonly script_type: Schemas['ScriptType'] | null
  readonly voice: string | null
}

export const NO_LOOK: Look = {
  duration_s: null,
  language: '',
  tone: null,
  audience: '',
  script_type: null,
  voice: null,
}

/** After it nothing is left to wait for. */
export const LAST_STAGE: Schemas['Stage'] = 'post_processing'

/** How far videos of a project go by themselves where nothing else is said. */
export function lastStageOf(ofProject: Readonly<Record<string, unknown>>): Schemas['Stage'] {
  return (ofProject.pause_after as Schemas['Stage'] | null | undefined) ?? LAST_STAGE
}

export interface Settings extends Look {
  readonly projectId: string | null
  /** For a team that has no project yet. */
  readonly newProject: string
  readonly title: string
  readonly oneTopic: string
  readonly brief: string
  /** Null: as the project says. */
  readonly platforms: readonly string[] | null
  readonly priority: Lane
  readonly max_concurrent_tasks: number | null
  readonly budget: number | null
  /** As date fields hold them: local time without an offset; empty for none. */
  readonly starts_at: string
  readonly deadline: string
  readonly on_deadline: 'cancel' | 'warn'
  readonly reuse: readonly ReuseWish[]
  /** The last stage that videos go through by themselves. Null: as the project says. */
  readonly pause_after: Schemas['Stage'] | null
}

export type Lane = NonNullable<Topic['priority']>

export const NO_SETTINGS: Settings = {
  projectId: null,
  newProject: '',
  title: '',
  oneTopic: '',
  brief: '',
  platforms: null,
  ...NO_LOOK,
  priority: 'standard',
  max_concurrent_tasks: null,
  budget: null,
  starts_at: '',
  deadline: '',
  on_deadline: 'cancel',
  reuse: [],
  pause_after: null,
}

export const NO_TOPICS: Topics = { kind: 'text', text: '' }

/** The topics that are meant: of a text its lines that say something. */
export function numberedTopics(topics: Topics): readonly NumberedTopic[] {
  return topics.kind === 'rows' ? topics.rows : linesOf(topics.text)
}

/** Those whose line or row is not among the numbers. */
export function withoutNumbers(topics: Topics, left: ReadonlySet<number | null>): Topics {
  const rows = numberedTopics(topics).filter(({ number }) => !left.has(number))
  if (topics.kind === 'rows') return { ...topics, rows }
  return { kind: 'text', text: rows.map(({ topic }) => topic.topic).join('\n') }
}

export function linesOf(text: string): NumberedTopic[] {
  return text
    .split(/\r\n|[\n\r\u2028\u2029]/)
    .map((line, at) => ({ number: at + 1, topic: { topic: line.trim() } }))
    .filter(({ topic }) => topic.topic !== '')
}

export function isEmpty(settings: Settings, topics: Topics): boolean {
  const hasTopics = topics.kind === 'rows' ? topics.rows.length > 0 : topics.text.trim() !== ''
  return !hasTopics && JSON.stringify({ ...settings, projectId: null }) === JSON.stringify(NO_SETTINGS)
}
