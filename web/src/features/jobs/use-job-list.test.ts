import { expect, test } from 'vitest'
import { windowsOf } from './use-job-list'

test('what is seen is fetched in whole windows', () => {
  expect(windowsOf(0, 21, 10_000)).toEqual([0])
  expect(windowsOf(190, 212, 10_000)).toEqual([0, 1])
  expect(windowsOf(9_980, 10_020, 10_000)).toEqual([49])
})

test('an empty list has no windows, and a short one only its own', () => {
  expect(windowsOf(0, 21, 0)).toEqual([])
  expect(windowsOf(0, 300, 8)).toEqual([0])
})
