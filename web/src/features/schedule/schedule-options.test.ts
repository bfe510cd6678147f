import { expect, test } from 'vitest'
import { optionsOf, shownOptions } from './schedule-options'

test('what the form does not show stays', () => {
  const old = {
    title: 'Sky {date}',
    campaign: 'autumn',
    reuse: [{ tags: ['a', 'b'], version: 2 }, { tag: 'intro' }, { item: 'x' }],
  }
  const shown = shownOptions(old)
  expect(shown.reuse).toEqual([{ tag: 'intro', limit: 1 }, { item: 'x' }])
  expect(optionsOf({ ...shown, title: ' ', budget: 5, reuse: [{ item: 'y' }] }, old)).toEqual({
    campaign: 'autumn',
    budget: 5,
    reuse: [{ tags: ['a', 'b'], version: 2 }, { item: 'y' }],
  })
})

test('what is emptied is not said any more, and no budget is another one than none', () => {
  const old = { max_concurrent_tasks: 4, budget: 0, reuse: { tag: 'intro', limit: 3 } }
  const shown = shownOptions(old)
  expect(shown).toEqual({
    title: '',
    max_concurrent_tasks: 4,
    budget: 0,
    reuse: [{ tag: 'intro', limit: 3 }],
    pause_after: null,
  })
  expect(optionsOf(shown, old)).toEqual({
    max_concurrent_tasks: 4,
    budget: 0,
    reuse: [{ tag: 'intro', limit: 3 }],
  })
  expect(optionsOf({ ...shown, max_concurrent_tasks: null, budget: null, reuse: [] }, old)).toEqual({})
})

test('all the way is said as such, and is another thing than nothing said', () => {
  const shown = shownOptions({ pause_after: 'audio_generation' })
  expect(shown.pause_after).toBe('audio_generation')
  expect(optionsOf(shown, {})).toEqual({ pause_after: 'audio_generation' })
  const allTheWay = optionsOf(
    { ...shown, pause_after: 'post_processing' },
    { pause_after: 'audio_generation' },
  )
  expect(allTheWay).toEqual({ pause_after: null })
  expect(shownOptions(allTheWay).pause_after).toBe('post_processing')
  expect(optionsOf(shownOptions({}), {})).toEqual({})
})
