import { expect, test } from 'vitest'
import { inChunks } from './commands'
import { add, countOf, EVERYTHING, isSelected, NOTHING, toggle } from './selection'

test('a job is selected, and is not any more', () => {
  const one = toggle(NOTHING, 'a', [])
  expect(isSelected(one, 'a')).toBe(true)
  expect(countOf(one, 10)).toBe(1)
  expect(countOf(toggle(one, 'a', []), 10)).toBe(0)
})

test('of all that match, one taken out leaves the others that are known', () => {
  expect(countOf(EVERYTHING, 10_000)).toBe(10_000)
  const others = toggle(EVERYTHING, 'b', ['a', 'b', 'c'])
  expect(['a', 'b', 'c'].map((id) => isSelected(others, id))).toEqual([true, false, true])
})

test('ranges add to what is selected', () => {
  const some = add(toggle(NOTHING, 'a', []), ['b', 'c', 'a'])
  expect(countOf(some, 10)).toBe(3)
  expect(add(EVERYTHING, ['x'])).toBe(EVERYTHING)
})

test('an action on more jobs than one call takes is cut, and loses none', () => {
  const job_ids = Array.from({ length: 2_001 }, (_, at) => String(at))
  const calls = inChunks({ action: 'pause', job_ids })
  expect(calls.map((each) => each.job_ids?.length)).toEqual([1_000, 1_000, 1])
  expect(calls.flatMap((each) => each.job_ids)).toEqual(job_ids)
  expect(inChunks({ action: 'pause', filter: {} })).toHaveLength(1)
})
