import { expect, test } from 'vitest'
import { jobsQueryOf, readHistoryFilter } from './filter'

test('what is not understood is no filter, and no part of the address', () => {
  expect(readHistoryFilter({ status: ['failed', 'nonsense'], from: 'soon', text: 7, order: 'up' })).toEqual({
    status: ['failed'],
    text: '7',
  })
})

test('days are whole days by the reader’s clocks', () => {
  const query = jobsQueryOf({ from: '2026-11-01', to: '2026-11-01', project: 'p' })
  expect(Date.parse(query.created_to ?? '') - Date.parse(query.created_from ?? '')).toBe(86_399_999)
  expect(query.project_id).toBe('p')
  expect(query.order).toBe('newest')
})
