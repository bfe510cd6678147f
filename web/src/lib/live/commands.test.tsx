import { act, renderHook, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'
import { withQueries } from '@/test/queries'
import { mergeRows } from '../rows'
import { settleCommands, usePendingCommand, withPending } from './commands'

function setUp() {
  const { client, wrapper } = withQueries()
  mergeRows(client, 'jobs', [{ id: 'a', version: 4 }])
  const { result } = renderHook(() => usePendingCommand('a'), { wrapper })
  return { client, result }
}
const pause = { kind: 'jobs', id: 'a', command: 'pause' } as const

test('a command is pending until a newer version is known', async () => {
  const { client, result } = setUp()
  await act(() => withPending(client, pause, async () => ({ version: 5 })))
  await waitFor(() => expect(result.current?.command).toBe('pause'))
  act(() => settleCommands(client, { jobs: [{ id: 'a', version: 4 }] }))
  expect(result.current).toBeDefined()
  act(() => settleCommands(client, { jobs: [{ id: 'a', version: 5 }] }))
  await waitFor(() => expect(result.current).toBeUndefined())
})

test('a refused command is not pending any more, and its error is passed on', async () => {
  const { client, result } = setUp()
  const refused = withPending(client, pause, () => Promise.reject(new Error('No.')))
  await expect(refused).rejects.toThrow('No.')
  await waitFor(() => expect(result.current).toBeUndefined())
})

test('a command that changed nothing is not pending any more', async () => {
  const { client, result } = setUp()
  await act(() => withPending(client, pause, async () => ({ version: 4 })))
  await waitFor(() => expect(result.current).toBeUndefined())
})
