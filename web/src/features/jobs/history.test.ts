import { expect, test } from 'vitest'
import { historyOf } from './history'
import type { JobDetail } from './queries'

test('what happened comes in order, the newest first; attempts when they ended', () => {
  const job = {
    created_at: '2026-11-29T12:00:00Z',
    started_at: '2026-11-29T12:00:05Z',
    completed_at: '2026-11-29T12:01:00Z',
    paused_at: null,
    status: 'failed',
    is_late: false,
    tasks: [
      {
        id: 'a',
        is_reused: false,
        attempts: [
          { id: '1', started_at: '2026-11-29T12:00:06Z', finished_at: '2026-11-29T12:00:20Z' },
          { id: '2', started_at: '2026-11-29T12:00:30Z', finished_at: null },
        ],
      },
      { id: 'b', is_reused: true, completed_at: '2026-11-29T12:00:10Z', attempts: [] },
    ],
  } as unknown as JobDetail
  expect(historyOf(job).map(({ what }) => what)).toEqual([
    'ended',
    'attempt',
    'attempt',
    'reused',
    'started',
    'created',
  ])
})
