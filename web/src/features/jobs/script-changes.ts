/** Changes of the scenes of a script, as a retry takes them. */

import type { Schemas } from '@/lib/api'
import type { ScriptScene } from './queries'

export interface SceneDraft {
  readonly heading: string
  readonly voiceover_text: string
  readonly visual_description: string
  /** Points shown, one a line. */
  readonly points: string
}

export function draftOf(scene: ScriptScene): SceneDraft {
  const { heading, voiceover_text, visual_description, points } = scene
  return { heading, voiceover_text, visual_description, points: points.join('\n') }
}

/** What is other in a scene; null where nothing is. */
export function changeOf(scene: ScriptScene, draft: SceneDraft): Schemas['SceneChange'] | null {
  const change: Schemas['SceneChange'] = {}
  if (draft.heading.trim() !== scene.heading) change.heading = draft.heading.trim()
  if (draft.voiceover_text.trim() !== scene.voiceover_text)
    change.voiceover_text = draft.voiceover_text.trim()
  if (draft.visual_description.trim() !== scene.visual_description) {
    change.visual_description = draft.visual_description.trim()
  }
  const points = pointsOf(draft.points)
  if (points.join('\n') !== scene.points.join('\n')) change.points = points
  return Object.keys(change).length > 0 ? change : null
}

function pointsOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
}

/** By the number of the scene; null where nothing is other. */
export function scenesChanged(
  scenes: readonly ScriptScene[],
  drafts: Readonly<Record<number, SceneDraft>>,
): Record<string, Schemas['SceneChange']> | null {
  const changes: Record<string, Schemas['SceneChange']> = {}
  for (const scene of scenes) {
    const draft = drafts[scene.scene_number]
    const change = draft && changeOf(scene, draft)
    if (change) changes[String(scene.scene_number)] = change
  }
  return Object.keys(changes).length > 0 ? changes : null
}
