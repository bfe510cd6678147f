import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import i18next from 'i18next'
import { beforeAll, describe, expect, test } from 'vitest'
import germanApp from '@/locales/de/app.json'
import germanTasks from '@/locales/de/errors.json'
import german from '@/locales/de/problems.json'
import englishTasks from '@/locales/en/errors.json'
import english from '@/locales/en/problems.json'
import { describeError } from './describe-error'
import { ApiError, OfflineError, type Problem, SaidError } from './problem'

const PACKAGE = join(import.meta.dirname, '../../../src/cliprow')

beforeAll(() =>
  i18next.init({
    lng: 'de',
    ns: ['app', 'problems', 'errors'],
    defaultNS: 'app',
    resources: {
      de: { app: germanApp, problems: german, errors: germanTasks },
      en: { problems: english, errors: englishTasks },
    },
    interpolation: { escapeValue: false },
  }),
)

function refusal(problem: Partial<Problem>): ApiError {
  return new ApiError({
    title: 'Conflict',
    status: 409,
    code: 'conflict',
    detail: 'It is switched off.',
    ...problem,
  })
}

/** Modules whose errors the API answers with; the surface for older clients is none that this app calls. */
function modulesOfTheApi(): readonly string[] {
  const all = readdirSync(join(PACKAGE, 'api'), { recursive: true, encoding: 'utf8' })
  const own = all.filter((name) => name.endsWith('.py') && !name.startsWith('legacy') && name !== 'server.py')
  const shared = ['errors', 'auth', 'sealing', 'topics', 'topic_files', 'topic_rows']
  return [...own.map((name) => join('api', name)), ...shared.map((name) => `${name}.py`)]
}

test('every code that the API can answer with has texts', () => {
  const found = modulesOfTheApi().flatMap((name) => {
    const source = readFileSync(join(PACKAGE, name), 'utf8')
    const raised = [...source.matchAll(/error_code\s*=\s*"([A-Z_]+)"/g)]
    const missing = [...source.matchAll(/not_found\("(\w+)"/g)].map(([, entity]) => `${entity}_not_found`)
    return [...raised.map(([, code]) => code as string), ...missing]
  })
  const problems = readFileSync(join(PACKAGE, 'api/problems.py'), 'utf8')
  const ofHttp = [...problems.matchAll(/\d{3}: \(\s*"(\w+)"|HTTPStatus\.\w+,\s*"(\w+)"|, \("(\w+)",/g)]
  const auth = readFileSync(join(PACKAGE, 'api/auth_client.py'), 'utf8')
  const table = auth.slice(auth.indexOf('SESSION_IS_GONE'), auth.indexOf('class _AuthError'))
  const ofAuth = [...table.matchAll(/"([a-z]+(?:_[a-z]+)+)"/g)]
  const codes = [...found, ...[...ofHttp, ...ofAuth].map((match) => match.slice(1).find(Boolean) ?? '')]
  expect(ofHttp.length).toBeGreaterThan(8)
  expect(ofAuth.length).toBeGreaterThan(10)
  const known = new Set([
    ...Object.keys(german),
    ...Object.keys(germanTasks).map((code) => code.toLowerCase()),
  ])
  // Withdrawn work, which no request hears of, and limits that only workers meet.
  const silent = new Set(['cancelled', 'provider_rate_limited'])
  const lacking = new Set(codes.map((code) => code.toLowerCase()).filter((code) => !silent.has(code)))
  expect([...lacking].filter((code) => !known.has(code))).toEqual([])
})

describe('what a refusal says', () => {
  test('is the reader’s language, with the server’s words where they are more exact', () => {
    const { title, message, detail } = describeError(refusal({ next_step: 'Switch it on first.' }))
    expect({ title, message }).toEqual({ title: german.conflict.title, message: german.conflict.next })
    expect(detail).toBe('It is switched off. Switch it on first.')
  })

  test('is its own text alone where that says all', () => {
    const found = describeError(refusal({ status: 429, code: 'too_many_requests', detail: 'Too many.' }))
    expect(found).toEqual({ ...textsOf('too_many_requests'), detail: '' })
  })

  test('names the fields that were refused', () => {
    const errors = [{ row: null, field: 'cron', reason: 'has six fields' }]
    expect(describeError(refusal({ status: 422, code: 'invalid_input', errors })).detail).toBe(
      'It is switched off. cron has six fields',
    )
  })

  test('goes by the status where the code is new, and by its task’s texts where a sample failed', () => {
    expect(describeError(refusal({ status: 403, code: 'moon_is_full' })).title).toBe(german.not_allowed.title)
    expect(describeError(refusal({ status: 500, code: 'HTTP_500' })).title).toBe(german.internal_error.title)
    const ofVoice = refusal({ status: 422, code: 'speech_voice_unknown' })
    expect(describeError(ofVoice).title).toBe(germanTasks.SPEECH_VOICE_UNKNOWN.meaning)
  })

  test('is the server’s own for who reads English', async () => {
    await i18next.changeLanguage('en')
    expect(describeError(refusal({ next_step: 'Switch it on first.' }))).toEqual({
      title: 'It is switched off.',
      message: 'Switch it on first.',
      detail: '',
    })
    await i18next.changeLanguage('de')
  })
})

test('what the app itself refuses is said as it is; what it did not foresee is a detail', () => {
  expect(describeError(new SaidError('Vorbei.', 'Später.'))).toEqual({
    title: 'Vorbei.',
    message: 'Später.',
    detail: '',
  })
  expect(describeError(new OfflineError('x')).title).toBe(germanApp.errors.offline)
  expect(describeError(new Error('x is undefined'))).toEqual({
    title: germanApp.errors.unexpected,
    message: '',
    detail: 'x is undefined',
  })
})

function textsOf(code: keyof typeof german) {
  return { title: german[code].title, message: german[code].next }
}
