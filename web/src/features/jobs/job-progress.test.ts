import { expect, test } from 'vitest'
import { stepsOf } from './job-progress'

const job = { stage: null, progress: 0, topic: '', total_steps: 5, current_step: 0 } as const

test('a job that runs has done what is behind it, and works on one step', () => {
  const steps = stepsOf({ ...job, status: 'processing', current_step: 2 })
  expect(steps).toEqual(['done', 'done', 'active', 'ahead', 'ahead'])
})

test('a job that is paused or waits for somebody is at work on nothing', () => {
  for (const status of ['paused', 'waiting'] as const) {
    const steps = stepsOf({ ...job, status, current_step: 1 })
    expect(steps).toEqual(['done', 'ahead', 'ahead', 'ahead', 'ahead'])
  }
})

test('a failed job shows where it stopped', () => {
  expect(stepsOf({ ...job, status: 'failed', current_step: 1 })).toEqual([
    'done',
    'failed',
    'ahead',
    'ahead',
    'ahead',
  ])
})

test('a job that waits has nothing at work, a completed one everything behind it', () => {
  expect(new Set(stepsOf({ ...job, status: 'pending' }))).toEqual(new Set(['ahead']))
  expect(new Set(stepsOf({ ...job, status: 'completed', current_step: 5 }))).toEqual(new Set(['done']))
})
