/** The form as the request that makes a batch of it. */

import type { Schemas } from '@/lib/api'
import {
  type Mode,
  type NumberedTopic,
  numberedTopics,
  type Settings,
  type Topic,
  type Topics,
} from './draft'

export interface BatchRequest {
  readonly projectId: string | null
  readonly title: string
  /** With the numbers that their rows have in the form. */
  readonly topics: readonly NumberedTopic[]
  /** Of all topics that do not say otherwise. */
  readonly defaults: Schemas['TopicDefaults']
  readonly options: Schemas['BatchOptions']
}

export function requestOf(mode: Mode, settings: Settings, topics: Topics): BatchRequest {
  const meant = mode === 'one' ? oneTopic(settings) : numberedTopics(topics)
  return {
    projectId: settings.projectId,
    title: mode === 'one' ? '' : settings.title.trim(),
    topics: meant,
    defaults: filled({
      platforms: settings.platforms && [...settings.platforms],
      duration_s: settings.duration_s,
      language: settings.language.trim(),
      tone: settings.tone,
      audience: settings.audience.trim(),
      script_type: settings.script_type,
      voice: settings.voice,
      priority: settings.priority === 'standard' ? null : settings.priority,
    }),
    options: {
      ...pauseOption(settings.pause_after),
      ...filled({
        job_type: mode === 'one' ? 'single' : 'batch',
        max_concurrent_tasks: mode === 'one' ? null : settings.max_concurrent_tasks,
        budget: settings.budget,
        starts_at: asMoment(settings.starts_at),
        deadline: asMoment(settings.deadline),
        on_deadline: settings.deadline ? settings.on_deadline : null,
        reuse: [...settings.reuse],
      }),
    },
  }
}

/** How far videos go by themselves, as an option; all the way is said where the project may say otherwise. */
export function pauseOption(stage: Schemas['Stage'] | null): Pick<Schemas['BatchOptions'], 'pause_after'> {
  if (stage === null) return {}
  return { pause_after: stage === 'post_processing' ? null : stage }
}

function oneTopic({ oneTopic, brief }: Settings): NumberedTopic[] {
  if (!oneTopic.trim()) return []
  const topic: Topic = { topic: oneTopic.trim(), ...(brief.trim() ? { brief: brief.trim() } : {}) }
  return [{ number: 1, topic }]
}

/** Without what is not said: the project may have an own value for it. */
function filled<T extends object>(values: T): { [Name in keyof T]?: NonNullable<T[Name]> } {
  const said = Object.entries(values).filter(
    ([, value]) => value !== null && value !== '' && !(Array.isArray(value) && value.length === 0),
  )
  return Object.fromEntries(said) as { [Name in keyof T]?: NonNullable<T[Name]> }
}

/** What a date field holds, as a moment with an offset; null for none or an incomplete one. */
export function asMoment(local: string): string | null {
  const time = Date.parse(local)
  return Number.isNaN(time) ? null : new Date(time).toISOString()
}

/** A moment as a date field of the reader's time zone holds it. */
export function asLocal(moment: Date): string {
  const local = new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 16)
}
