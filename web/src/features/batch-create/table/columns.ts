/** Which column of a table is which field of a topic. */

import type { NumberedTopic, Topic } from '../draft'
import type { Table } from './table'

/** Fields a column can be, with other headings that they go by. */
const HEADINGS = {
  topic: [
    'title',
    'idea',
    'original_idea',
    'subject',
    'video_topic',
    'topics',
    'thema',
    'titel',
    'idee',
    'tema',
    'sujet',
  ],
  brief: ['description', 'notes', 'text', 'content', 'source_text', 'beschreibung', 'notizen', 'inhalt'],
  platforms: ['platform', 'channel', 'channels', 'plattform', 'plattformen', 'kanal'],
  duration_s: ['duration', 'seconds', 'length', 'target_duration', 'duration_seconds', 'dauer', 'sekunden'],
  language: ['lang', 'locale', 'sprache'],
  tone: ['mood', 'ton', 'tonfall'],
  audience: ['target_audience', 'target', 'zielgruppe'],
  script_type: ['type', 'structure', 'art'],
  voice: ['speaker', 'stimme', 'sprecher'],
  priority: ['lane', 'priorität', 'vorrang'],
  deadline: ['due', 'due_at', 'frist'],
} as const satisfies Partial<Record<keyof Topic, readonly string[]>>

export type Field = keyof typeof HEADINGS
export const FIELDS = Object.keys(HEADINGS) as Field[]

/** For each heading a field, `keep` (as a note of the topic), or null (left out). */
export type ColumnMap = Readonly<Record<string, Field | 'keep' | null>>

export function headingKey(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[\s_-]+/g, '_')
}

const KNOWN: ReadonlySet<string> = new Set(
  Object.entries(HEADINGS).flatMap(([field, names]) => [field, ...names]),
)

export function isKnownHeading(text: string): boolean {
  return KNOWN.has(headingKey(text))
}

/**
 * What each column probably is: as chosen for a heading of this name before, by its name, or else, where none is the
 * topic, the one that reads most like topics.
 */
export function guessColumns(table: Table, remembered: ColumnMap = {}): ColumnMap {
  const map: Record<string, Field | 'keep' | null> = {}
  const taken = new Set<Field>()
  for (const heading of table.headings) {
    const chosen = remembered[headingKey(heading)]
    if (chosen === undefined || (chosen !== null && chosen !== 'keep' && taken.has(chosen))) continue
    map[heading] = chosen
    if (chosen !== null && chosen !== 'keep') taken.add(chosen)
  }
  for (const field of FIELDS) {
    const names: readonly string[] = [field, ...HEADINGS[field]]
    const heading = names
      .flatMap((name) => table.headings.filter((each) => headingKey(each) === name))
      .find((each) => map[each] === undefined)
    if (heading !== undefined && !taken.has(field)) {
      map[heading] = field
      taken.add(field)
    }
  }
  if (!taken.has('topic')) {
    const heading = mostLikeTopics(table, (each) => map[each] === undefined || map[each] === 'keep')
    if (heading !== undefined) map[heading] = 'topic'
  }
  for (const heading of table.headings) map[heading] ??= map[heading] === null ? null : 'keep'
  return map
}

/** The column with the most different texts of the length of a topic. */
function mostLikeTopics(table: Table, isFree: (heading: string) => boolean): string | undefined {
  const sample = table.rows.slice(0, 50)
  let best: { heading: string; score: number } | undefined
  table.headings.forEach((heading, at) => {
    if (!isFree(heading)) return
    const texts = sample.map(({ cells }) => String(cells[at] ?? '').trim())
    const score = new Set(texts.filter((text) => /\p{L}{3}/u.test(text) && text.length <= 500)).size
    const hasWords = texts.some((text) => text.includes(' '))
    if (score > 0 && (!best || score + (hasWords ? 0.5 : 0) > best.score)) {
      best = { heading, score: score + (hasWords ? 0.5 : 0) }
    }
  })
  return best?.heading
}

/** The rows as topics. Cells that say nothing say nothing of the topic, and what a field cannot hold stays as it is, to be found wrong. */
export function topicsOf(
  table: Table,
  map: ColumnMap,
  platformNames: ReadonlyMap<string, string>,
): NumberedTopic[] {
  return table.rows.map(({ number, cells }) => ({
    number,
    topic: topicOf(table.headings, cells, map, platformNames),
  }))
}

function topicOf(
  headings: readonly string[],
  cells: readonly unknown[],
  map: ColumnMap,
  platformNames: ReadonlyMap<string, string>,
): Topic {
  const topic: Record<string, unknown> = { topic: '' }
  const metadata: Record<string, unknown> = {}
  headings.forEach((heading, at) => {
    const field = map[heading]
    const value = cells[at]
    if (!field || value === undefined || value === null || value === '') return
    if (field === 'keep') metadata[heading] = value
    else topic[field] = cellValue(field, value, platformNames)
  })
  if (Object.keys(metadata).length > 0) topic.metadata = metadata
  return topic as Topic
}

function cellValue(field: Field, value: unknown, platformNames: ReadonlyMap<string, string>): unknown {
  if (field === 'platforms') {
    const names = Array.isArray(value) ? value.map(String) : String(value).split(/[,;|/+\n]+/)
    return names
      .map((name) => name.trim())
      .filter((name) => name !== '')
      .map((name) => platformNames.get(name.toLowerCase()) ?? name.toLowerCase())
  }
  if (field === 'duration_s') return seconds(value)
  const text = String(value).trim()
  if (field === 'tone' || field === 'script_type' || field === 'priority') return text.toLowerCase()
  if (field === 'deadline') {
    const time = Date.parse(text)
    return Number.isNaN(time) ? text : new Date(time).toISOString()
  }
  return text
}

/** `90`, `90 s`, `1:30`, `1.5 min`. */
function seconds(value: unknown): number | string {
  const text = String(value).trim()
  const clock = /^(\d+):(\d{2})$/.exec(text)
  if (clock) return Number(clock[1]) * 60 + Number(clock[2])
  const said = /^(\d+(?:[.,]\d+)?)\s*(s|sec|sek|seconds?|sekunden?|m|min|minutes?|minuten?)?\.?$/i.exec(text)
  if (!said) return text
  const number = Number(said[1]?.replace(',', '.'))
  return said[2]?.toLowerCase().startsWith('m') ? number * 60 : number
}
