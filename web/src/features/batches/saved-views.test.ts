import { expect, test } from 'vitest'
import { validateQueueSearch } from './queue-filters'
import { readViews } from './saved-views'

test('kept views come back, without what is not understood', () => {
  const kept = [
    { name: 'Failed', filters: { status: ['failed', 'gone'], order: 'updated', page: 4 } },
    { name: 7, filters: {} },
    null,
  ]
  const views = readViews(JSON.stringify(kept))
  expect(views).toHaveLength(1)
  expect(views[0]?.filters).toEqual(expect.objectContaining({ status: ['failed'], order: 'updated' }))
  expect(views[0]?.filters).not.toHaveProperty('page')
})

test('broken views are none', () => {
  expect(readViews('{')).toEqual([])
  expect(readViews('{"a":1}')).toEqual([])
  expect(readViews(undefined)).toEqual([])
})

test('pages are whole numbers from 2 on; the first does not stand in the URL', () => {
  expect(validateQueueSearch({ page: '3' }).page).toBe(3)
  expect(validateQueueSearch({ page: 1 }).page).toBeUndefined()
  expect(validateQueueSearch({ page: 'x' }).page).toBeUndefined()
})
