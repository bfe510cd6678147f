import { QueryClient, QueryObserver } from '@tanstack/react-query'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ListRefresher } from './lists'

const CHANGED = new Map([['batches', { isPlaced: true }]] as const)

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A list that is shown, how often it was fetched, and what fetches it again. */
async function shownList() {
  const client = new QueryClient()
  const fetched = vi.fn(() => Promise.resolve(0))
  const observer = new QueryObserver(client, {
    queryKey: ['list'],
    queryFn: fetched,
    meta: { live: { kinds: ['batches'], everyMs: 1_000 } },
  })
  const stop = observer.subscribe(() => undefined)
  await vi.advanceTimersByTimeAsync(0)
  return { fetched, stop, lists: new ListRefresher(client) }
}

test('a list that has grown old is fetched again, no more often than it allows', async () => {
  const { fetched, stop, lists } = await shownList()
  lists.touch(CHANGED)
  lists.touch(CHANGED)
  await vi.advanceTimersByTimeAsync(900)
  expect(fetched).toHaveBeenCalledTimes(1)
  await vi.advanceTimersByTimeAsync(200)
  expect(fetched).toHaveBeenCalledTimes(2)
  stop()
})

test('while nothing may move nothing is fetched, and once afterwards', async () => {
  const { fetched, stop, lists } = await shownList()
  lists.touch(CHANGED)
  lists.freeze(true)
  await vi.advanceTimersByTimeAsync(5_000)
  lists.refreshAll()
  await vi.advanceTimersByTimeAsync(5_000)
  expect(fetched).toHaveBeenCalledTimes(1)
  lists.freeze(false)
  await vi.advanceTimersByTimeAsync(0)
  expect(fetched).toHaveBeenCalledTimes(2)
  lists.freeze(false)
  await vi.advanceTimersByTimeAsync(5_000)
  expect(fetched).toHaveBeenCalledTimes(2)
  stop()
})
