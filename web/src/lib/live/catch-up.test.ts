import { afterEach, expect, test, vi } from 'vitest'
import { CatchUp } from './catch-up'

vi.mock('../session', () => ({ accessToken: async () => 'a token', renew: async () => undefined }))
afterEach(() => vi.unstubAllGlobals())

test('what is asked for while an answer is awaited is fetched after it, once for all', async () => {
  const answers: Array<(response: Response) => void> = []
  vi.stubGlobal('fetch', () => new Promise<Response>((resolve) => answers.push(resolve)))
  const answer = (epoch: number) => {
    const body = { now: '2026-11-29T10:00:00Z', tenant: { epoch } }
    answers.at(-1)?.(Response.json(body))
  }
  const epochs: number[] = []
  const catchUp = new CatchUp(
    (_, body) => epochs.push((body as { tenant: { epoch: number } }).tenant.epoch),
    () => undefined,
  )

  const first = catchUp.run()
  await vi.waitFor(() => expect(answers).toHaveLength(1))
  const later = [catchUp.run(), catchUp.run()]
  answer(1)
  await first
  expect(epochs).toEqual([1])
  await vi.waitFor(() => expect(answers).toHaveLength(2))
  answer(2)
  await Promise.all(later)
  expect(epochs).toEqual([1, 2])
  expect(answers).toHaveLength(2)
})
