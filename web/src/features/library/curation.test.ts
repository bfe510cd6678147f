import { expect, test } from 'vitest'
import { countsOf } from './curation'

const change = (old_category: string, new_category: string) => ({
  item_id: '0',
  old_category,
  new_category,
  score: 5,
  report_count: 3,
  reason: '',
})

test('scenes are counted by the category they come to, those that stay by their score', () => {
  const changes = [
    change('experimental', 'high_performance'),
    change('archived', 'high_performance'),
    change('high_performance', 'experimental'),
    change('experimental', 'archived'),
    change('favorite', 'favorite'),
  ]
  expect(countsOf(changes)).toEqual({ promoted: 2, demoted: 1, archived: 1, scored: 1 })
})
