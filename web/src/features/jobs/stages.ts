import type { Schemas } from '@/lib/api'

export type Stage = Schemas['Stage']
export type StageProgress = Schemas['StageProgress']

/** The stages of a job, in order. A new one of the database fails to compile here. */
const ORDER: Record<Stage, number> = {
  script_generation: 0,
  audio_generation: 1,
  video_generation: 2,
  platform_adaptation: 3,
  post_processing: 4,
}

export const STAGES = (Object.keys(ORDER) as Stage[]).sort((a, b) => ORDER[a] - ORDER[b])
