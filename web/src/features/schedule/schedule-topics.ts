/** Topics of a schedule as a text, one a line, and back. */

type Topics = readonly Readonly<Record<string, unknown>>[]

export function topicLines(topics: Topics): string {
  return topics.map((each) => String(each.topic ?? '')).join('\n')
}

/** Platforms of the topics, when they have any. */
export function platformsOf(topics: Topics): readonly string[] | null {
  const named = topics.map(({ platforms }) => platforms).find(Array.isArray) as string[] | undefined
  return named ?? null
}

/** What a topic says besides stays with it: with its text, or else with its place. */
export function topicsOf(
  lines: string,
  platforms: readonly string[],
  old: Topics,
): Record<string, unknown>[] {
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
