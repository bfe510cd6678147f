import type { LibraryItem } from './library'

/** What a scene is called: its heading, or how its narration begins. */
export function sceneName(item: Pick<LibraryItem, 'heading' | 'voiceover_text'>): string {
  const name = item.heading || item.voiceover_text
  return name.length > 70 ? `${name.slice(0, 69)}…` : name
}
