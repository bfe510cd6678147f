/** What is plainly wrong with topics, said while they are typed; the database says the rest in the dry run. */

import type { Schemas } from '@/lib/api'
import type { NumberedTopic, Topic } from './draft'
import type { BatchRequest } from './request'

export interface RowProblem {
  /** As the form numbers its rows; null for what concerns all. */
  readonly number: number | null
  readonly field: string
  /** A text of the app, or as the database said it. */
  readonly reason: { readonly key: string; readonly values?: Record<string, unknown> } | string
}

/** Not wrong, but not said yet. */
export function isOnlyMissing(reason: RowProblem['reason']): boolean {
  return typeof reason !== 'string' && reason.key === 'noPlatform'
}

const TONES = ['professional', 'casual', 'educational', 'entertaining', 'motivational']
const SCRIPT_TYPES = ['explainer', 'tutorial', 'story', 'demo', 'testimonial']
const LANES = ['urgent', 'premium', 'standard']
const LANGUAGE = /^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$/
const LONGEST: Readonly<Record<string, number>> = { topic: 500, brief: 50_000, audience: 500, voice: 100 }

/**
 * Problems of all rows.
 *
 * @param platforms those that are offered; null while not known.
 * @param chosen platforms of topics that name none.
 */
export function problemsOf(
  { topics, defaults }: BatchRequest,
  platforms: readonly string[] | null,
  chosen: readonly string[],
): RowProblem[] {
  const whole: RowProblem[] = problemsOfTopic(0, { topic: 'x', ...defaults }, platforms).map((each) => ({
    ...each,
    number: null,
  }))
  if (chosen.length === 0 && topics.some(({ topic }) => !topic.platforms?.length)) {
    whole.push({ number: null, field: 'platforms', reason: { key: 'noPlatform' } })
  }
  const rows = topics.flatMap(({ number, topic }) => problemsOfTopic(number, topic, platforms))
  return [...whole, ...rows]
}

function problemsOfTopic(number: number, topic: Topic, platforms: readonly string[] | null): RowProblem[] {
  const found: RowProblem[] = []
  const add = (field: string, key: string, values?: Record<string, unknown>) =>
    found.push({ number, field, reason: { key, values } })
  if (!topic.topic.trim()) add('topic', 'missing')
  for (const [field, most] of Object.entries(LONGEST)) {
    const text = topic[field as keyof Topic]
    if (typeof text === 'string' && text.length > most) add(field, 'tooLong', { count: most })
  }
  for (const [field, allowed] of Object.entries({
    tone: TONES,
    script_type: SCRIPT_TYPES,
    priority: LANES,
  })) {
    const value = topic[field as keyof Topic]
    if (typeof value === 'string' && !allowed.includes(value)) {
      add(field, 'notOneOf', { value, allowed })
    }
  }
  if (topic.language && !LANGUAGE.test(topic.language)) add('language', 'language', { value: topic.language })
  const seconds = topic.duration_s
  if (
    seconds !== undefined &&
    seconds !== null &&
    !(Number.isInteger(seconds) && Number(seconds) >= 5 && Number(seconds) <= 600)
  ) {
    add('duration_s', 'duration', { value: seconds })
  }
  for (const platform of platforms ? (topic.platforms ?? []) : []) {
    if (!platforms?.includes(platform)) {
      add('platforms', 'notOneOf', { value: platform, allowed: platforms })
    }
  }
  if (topic.deadline && Number.isNaN(Date.parse(topic.deadline))) add('deadline', 'moment')
  return found
}

/** What the database found, by the rows' numbers here; what is known here already keeps its own words. */
export function withFound(
  known: readonly RowProblem[],
  found: readonly Schemas['RowError'][],
  topics: readonly NumberedTopic[],
): RowProblem[] {
  const names = new Set(known.map(nameOf))
  const more = found
    .map(({ row, field, reason }) => ({
      number: row === null ? null : (topics[row - 1]?.number ?? row),
      field,
      reason,
    }))
    .filter((each) => !names.has(nameOf(each)) && !names.has(nameOf({ ...each, number: null })))
  return sharedFirst([...known, ...more])
}

function nameOf({ number, field }: Pick<RowProblem, 'number' | 'field'>): string {
  return `${number} ${field}`
}

function sharedFirst(problems: readonly RowProblem[]): RowProblem[] {
  return [...problems].sort((a, b) => (a.number ?? 0) - (b.number ?? 0))
}
