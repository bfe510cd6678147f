import { expect, test } from 'vitest'
import type { ScriptScene } from './queries'
import { draftOf, scenesChanged } from './script-changes'

const scene = {
  scene_number: 2,
  heading: 'What is it?',
  voiceover_text: 'Start with the basics.',
  visual_description: 'A title',
  points: ['One', 'Two'],
} as ScriptScene

test('a draft that was opened and left alone changes nothing', () => {
  expect(scenesChanged([scene], { 2: draftOf(scene) })).toBeNull()
  expect(scenesChanged([scene], { 2: { ...draftOf(scene), points: 'One\n\n Two \n' } })).toBeNull()
})

test('only the fields of the scenes that are other are sent', () => {
  const drafts = { 2: { ...draftOf(scene), voiceover_text: ' New words. ', points: 'One' } }
  expect(scenesChanged([scene, { ...scene, scene_number: 3 }], drafts)).toEqual({
    '2': { voiceover_text: 'New words.', points: ['One'] },
  })
})
