/** Topics of a schedule as a text, one a line, and back. */

import type { Schemas } from '@/lib/api'

type Topic = Schemas['Topic']
type Topics = readonly Topic[]

export function topicLines(topics: Topics): string {
  return topics.map(({ topic }) => topic).join('\n')
}

/** Platforms of the topics, when they have any. */
export function platformsOf(topics: Topics): readonly string[] | null {
  return topics.find(({ platforms }) => platforms !== undefined)?.platforms ?? null
}

/** What a topic says besides stays with it: with its text, or else with its place. */
export function topicsOf(lines: string, platforms: readonly string[], old: Topics): Topic[] {
  const texts = lines
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  return texts.map((topic, at) => {
    const known =
      old.find((each) => each.topic === topic) ?? (old.length === texts.length ? old[at] : undefined)
    return { ...known, topic, platforms: [...platforms] }
  })
}
