/** Topics of a schedule as the form shows them: a text, one a line, and what they share; and back. */

import { type Lane, type Look, NO_LOOK } from '@/features/batch-create/draft'
import type { Schemas } from '@/lib/api'

type Topic = Schemas['Topic']
type Topics = readonly Topic[]

/** What all topics say alike. */
export interface SharedLook extends Look {
  /** Null: they differ. */
  readonly priority: Lane | null
}

const FIELDS = ['duration_s', 'language', 'tone', 'audience', 'script_type', 'voice', 'priority'] as const

export function topicLines(topics: Topics): string {
  return topics.map(({ topic }) => topic).join('\n')
}

/** Platforms of the topics, when they have any. */
export function platformsOf(topics: Topics): readonly string[] | null {
  return topics.find(({ platforms }) => platforms !== undefined)?.platforms ?? null
}

/** Fields in which topics say different things. */
export function differingOf(topics: Topics): ReadonlySet<keyof SharedLook> {
  return new Set(FIELDS.filter((field) => new Set(topics.map((each) => each[field] ?? null)).size > 1))
}

/** What topics share; nothing of a field in which they differ. */
export function lookOf(topics: Topics): SharedLook {
  const [first] = topics
  const differing = differingOf(topics)
  const same = FIELDS.filter((field) => !differing.has(field) && first?.[field])
  return {
    ...NO_LOOK,
    priority: differing.has('priority') ? null : 'standard',
    ...Object.fromEntries(same.map((field) => [field, first?.[field]])),
  }
}

/** What the form says, of what was changed in it; null takes away. */
export function changesOf(before: SharedLook, after: SharedLook): Partial<Topic> {
  const changed = FIELDS.filter((field) => before[field] !== after[field])
  const value = (field: (typeof FIELDS)[number]) =>
    field === 'priority' && after.priority === 'standard' ? null : after[field] || null
  return Object.fromEntries(changed.map((field) => [field, value(field)]))
}

/**
 * The topics of a text. What a topic says besides stays with it: with its text, or else with its place. A new one says what
 * all others do.
 *
 * @param changes for all of them; null takes away.
 */
export function topicsOf(
  lines: string,
  platforms: readonly string[],
  old: Topics,
  changes: Partial<Topic> = {},
): Topic[] {
  const texts = lines
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const shared = changesOf(lookOf([]), lookOf(old))
  return texts.map((topic, at) => {
    const known =
      old.find((each) => each.topic === topic) ??
      (old.length === texts.length ? old[at] : undefined) ??
      shared
    return said({ ...known, ...changes, topic, platforms: [...platforms] })
  })
}

function said(topic: Topic): Topic {
  return Object.fromEntries(Object.entries(topic).filter(([, value]) => value !== null)) as Topic
}
