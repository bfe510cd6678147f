import { expect, test } from 'vitest'
import type { Schemas } from '@/lib/api'
import { changesOf, differingOf, lookOf, topicLines, topicsOf } from './schedule-topics'

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

test('a field that is changed in the form is changed in all topics, and others stay as each says', () => {
  const before = lookOf(OLD)
  expect(before).toMatchObject({ tone: null, duration_s: null, voice: null, priority: 'standard' })
  expect([...differingOf(OLD)]).toEqual(['duration_s', 'tone'])
  const changes = changesOf(before, { ...before, voice: 'amy', priority: 'urgent' })
  expect(topicsOf(topicLines(OLD), ['youtube'], OLD, changes)).toEqual(
    OLD.map((each) => ({ ...each, voice: 'amy', priority: 'urgent' })),
  )
})

test('what is emptied in the form is taken away, and a new topic says what all others do', () => {
  const old: Schemas['Topic'][] = [
    { topic: 'Sky', platforms: ['youtube'], language: 'de', audience: 'children', priority: 'urgent' },
    { topic: 'Sea', platforms: ['youtube'], language: 'de', audience: 'children', priority: 'urgent' },
  ]
  const before = lookOf(old)
  const changes = changesOf(before, { ...before, audience: '', priority: 'standard' })
  expect(topicsOf('Sky\nSea\nStars', ['youtube'], old, changes)).toEqual(
    ['Sky', 'Sea', 'Stars'].map((topic) => ({ topic, platforms: ['youtube'], language: 'de' })),
  )
})
