import { expect, test } from 'vitest'
import { NO_SETTINGS, type Settings } from './draft'
import { requestOf } from './request'
import { problemsOf, withFound } from './topic-problems'

const text = (lines: string) => ({ kind: 'text', text: lines }) as const
const settings: Settings = {
  ...NO_SETTINGS,
  platforms: ['youtube'],
  duration_s: 60,
  reuse: [{ tag: 'intro', limit: 2 }],
}

test('what is not said is not sent, so that the project can say it', () => {
  const request = requestOf('many', { ...NO_SETTINGS, language: ' de ' }, text('Sky'))
  expect(request.defaults).toEqual({ language: 'de' })
  expect(request.options).toEqual({ job_type: 'batch' })
})

test('a local start is sent as a moment', () => {
  const { options } = requestOf(
    'one',
    { ...settings, oneTopic: 'Sky', starts_at: '2027-01-31T09:00' },
    text(''),
  )
  expect(options.starts_at).toBe(new Date(2027, 0, 31, 9).toISOString())
  expect(options.reuse).toEqual([{ tag: 'intro', limit: 2 }])
  expect(options.job_type).toBe('single')
})

test('problems stand at the lines that they are of, blank lines counted', () => {
  const request = requestOf('many', settings, text(`Sky\n\n${'x'.repeat(501)}`))
  expect(problemsOf(request, ['youtube'], ['youtube'])).toEqual([
    { number: 3, field: 'topic', reason: { key: 'tooLong', values: { count: 500 } } },
  ])
})

test('what the database finds is said at the same lines, and once', () => {
  const request = requestOf('many', settings, text(`Sky\n\n${'x'.repeat(501)}\nSea`))
  const known = problemsOf(request, ['youtube'], ['youtube'])
  const found = [
    { row: 2, field: 'topic', reason: 'is longer than 500 characters' },
    { row: 3, field: 'reuse', reason: 'finds no scene' },
    { row: null, field: 'starts_at', reason: 'has passed' },
  ]
  expect(withFound(known, found, request.topics)).toEqual([
    { number: null, field: 'starts_at', reason: 'has passed' },
    ...known,
    { number: 4, field: 'reuse', reason: 'finds no scene' },
  ])
})

test('without a platform anywhere that is said once, and not where rows name theirs', () => {
  const topics = (platforms?: string[]) =>
    ({ kind: 'rows', name: 'x', rows: [{ number: 2, topic: { topic: 'Sky', platforms } }] }) as const
  const none = requestOf('many', NO_SETTINGS, topics())
  expect(problemsOf(none, ['youtube'], [])).toMatchObject([{ number: null, field: 'platforms' }])
  expect(problemsOf(requestOf('many', NO_SETTINGS, topics(['youtube'])), ['youtube'], [])).toEqual([])
  expect(problemsOf(requestOf('many', NO_SETTINGS, topics(['vimeo'])), ['youtube'], [])).toMatchObject([
    { number: 2, field: 'platforms' },
  ])
})
