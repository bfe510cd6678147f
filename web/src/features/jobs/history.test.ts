import { expect, test } from 'vitest'
import { historyOf } from './history'
import type { JobDetail, JobPause } from './queries'

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
  expect(historyOf(job, []).map(({ what }) => what)).toEqual([
    'ended',
    'attempt',
    'attempt',
    'reused',
    'started',
    'created',
  ])
})

test('pauses stand among the rest; one that was not recorded is told by the job itself', () => {
  const job = {
    created_at: '2026-11-29T12:00:00Z',
    started_at: '2026-11-29T12:00:05Z',
    completed_at: null,
    paused_at: '2026-11-29T12:00:04Z',
    tasks: [],
  } as unknown as JobDetail
  const pause = (scope: JobPause['scope'], action: JobPause['action'], created_at: string): JobPause => ({
    id: created_at,
    scope,
    action,
    stage: null,
    user_id: null,
    created_at,
  })
  const ofProject = pause('project', 'resume', '2026-11-29T12:00:09Z')
  const whats = (pauses: JobPause[]) => historyOf(job, pauses).map(({ what }) => what)
  expect(whats([ofProject])).toEqual(['pausing', 'started', 'paused', 'created'])
  expect(whats([ofProject, pause('job', 'pause', '2026-11-29T12:00:04Z')])).toEqual([
    'pausing',
    'started',
    'pausing',
    'created',
  ])
})
