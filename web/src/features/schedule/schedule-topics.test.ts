import { expect, test } from 'vitest'
import type { Schemas } from '@/lib/api'
import { topicLines, topicsOf } from './schedule-topics'

const OLD: Schemas['Topic'][] = [
  { topic: 'Sky on {date}', platforms: ['youtube'], tone: 'casual' },
  { topic: 'Sea on {date}', platforms: ['youtube'], duration_s: 30 },
]

test('what topics say besides their text stays with them', () => {
  expect(topicsOf(topicLines(OLD), ['youtube'], OLD)).toEqual(OLD)
  expect(topicsOf('Sea on {date}', ['tiktok'], OLD)).toEqual([
    { topic: 'Sea on {date}', platforms: ['tiktok'], duration_s: 30 },
  ])
})

test('a topic that is only worded anew keeps its place', () => {
  expect(topicsOf('Sky of {date}\n\nSea on {date}\n', ['youtube'], OLD)[0]).toEqual({
    topic: 'Sky of {date}',
    platforms: ['youtube'],
    tone: 'casual',
  })
  expect(topicsOf('New', ['youtube'], [])).toEqual([{ topic: 'New', platforms: ['youtube'] }])
})
