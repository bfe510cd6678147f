import { act, renderHook, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'
import { withQueries } from '@/test/queries'
import { knownRow, mergeRows, useRow } from './rows'

const job = (version: number, more: object = {}) => ({ id: 'a', version, status: 'pending', ...more })

test('the highest version wins, in whatever order rows come', () => {
  const { client } = withQueries()
  mergeRows(client, 'jobs', [job(3, { progress: 30 })])
  expect(mergeRows(client, 'jobs', [job(2, { progress: 20 })]).changed).toEqual([])
  expect(knownRow(client, 'jobs', 'a')?.progress).toBe(30)
})

test('what a live row leaves out is kept', () => {
  const { client } = withQueries()
  mergeRows(client, 'projects', [{ id: 'a', version: 1, original_idea: 'The sky' } as never])
  mergeRows(client, 'projects', [{ id: 'a', version: 2, timestamp: '2026-01-01T00:00:00Z' }])
  expect(knownRow(client, 'projects', 'a')).toMatchObject({
    original_idea: 'The sky',
    version: 2,
    updated_at: '2026-01-01T00:00:00Z',
  })
})

test('progress moves a row in no list, a new state does', () => {
  const { client } = withQueries()
  mergeRows(client, 'jobs', [job(1)])
  expect(mergeRows(client, 'jobs', [job(2, { progress: 50 })]).isPlaced).toBe(false)
  expect(mergeRows(client, 'jobs', [job(3, { status: 'failed' })]).isPlaced).toBe(true)
})

test('a row renders again only when it changes itself', async () => {
  const { client, wrapper } = withQueries()
  mergeRows(client, 'jobs', [job(1), { id: 'b', version: 1 }])
  let renders = 0
  const { result } = renderHook(
    () => {
      renders += 1
      return useRow('jobs', 'a')
    },
    { wrapper },
  )
  const before = renders
  act(() => void mergeRows(client, 'jobs', [{ id: 'b', version: 2 }]))
  act(() => void mergeRows(client, 'jobs', [job(2)]))
  await waitFor(() => expect(result.current?.version).toBe(2))
  expect(renders).toBe(before + 1)
})

test('beyond the bound, live messages keep only rows that were fetched', () => {
  const { client } = withQueries()
  mergeRows(
    client,
    'jobs',
    Array.from({ length: 20_000 }, (_, at) => ({ id: String(at), version: 1 })),
  )
  const told = [
    { id: 'new', version: 1 },
    { id: '7', version: 2 },
  ]
  expect(mergeRows(client, 'jobs', told, { isLive: true })).toEqual({ changed: ['7'], isPlaced: true })
  expect(knownRow(client, 'jobs', 'new')).toBeUndefined()
})

test('what makes all that is shown old takes no row away', async () => {
  const { client, wrapper } = withQueries()
  mergeRows(client, 'jobs', [job(1)])
  const { result } = renderHook(() => useRow('jobs', 'a'), { wrapper })
  await act(() => client.invalidateQueries({ type: 'active' }))
  expect(knownRow(client, 'jobs', 'a')?.version).toBe(1)
  expect(result.current?.version).toBe(1)
})
