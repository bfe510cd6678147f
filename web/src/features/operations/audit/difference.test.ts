import { expect, test } from 'vitest'
import { differenceOf } from './difference'

test('only what differs is told, nested fields by their path', () => {
  const before = { name: 'a', options: { x: 1, y: [1] }, gone: true }
  const after = { name: 'a', options: { x: 2, y: [1] }, come: null }
  expect(differenceOf(before, after)).toEqual([
    { field: 'come', before: undefined, after: null },
    { field: 'gone', before: true, after: undefined },
    { field: 'options.x', before: 1, after: 2 },
  ])
})

test('a new row is all new', () => {
  expect(differenceOf({}, { title: 'Sky' })).toEqual([{ field: 'title', before: undefined, after: 'Sky' }])
})
