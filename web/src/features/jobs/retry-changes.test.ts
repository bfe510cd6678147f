import { expect, test } from 'vitest'
import { changesOf, NO_CHANGES } from './retry-changes'

test('only what was filled in is another in the next try', () => {
  expect(changesOf({ ...NO_CHANGES, voice: ' amy ', brief: '  ' })).toEqual({ voice: 'amy' })
  expect(changesOf({ ...NO_CHANGES, tone: 'casual', language: 'de' })).toEqual({
    tone: 'casual',
    language: 'de',
  })
})

test('without changes there are none', () => {
  expect(changesOf(NO_CHANGES)).toBeNull()
})
