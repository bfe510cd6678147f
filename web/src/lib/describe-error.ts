/** What went wrong and what to do next, in the reader's language. The API says it in English, and often more exactly. */

import i18next from 'i18next'
import { useTranslation } from 'react-i18next'
import { ApiError, OfflineError, type Problem, SaidError } from './problem'

export interface Described {
  readonly title: string
  /** What to do next. */
  readonly message: string
  /** The server's own words, in English, where the title does not say all of them. */
  readonly detail: string
}

/** Texts of refusals by their `code`; those of failed tasks too, since samples fail as tasks do. */
export const PROBLEM_TEXTS = ['problems', 'errors']

/** Codes of many refusals: what exactly is refused only the server says. */
const GENERAL: ReadonlySet<string> = new Set([
  'invalid_input',
  'validation_failed',
  'not_allowed',
  'not_found',
  'conflict',
  'illegal_move',
  'refused',
  'bad_request',
  'unavailable',
  'missing_dependency',
  'auth_refused',
  'weak_password',
  'range_invalid',
  'font_missing',
  'logo_refused',
  'link_unreadable',
  'storage_refused',
  'topics_headings',
  'topics_mapping',
])

/** Codes that stand for a whole status, where a code has no texts of its own. */
const BY_STATUS: Readonly<Record<number, string>> = {
  400: 'bad_request',
  401: 'unauthenticated',
  403: 'not_allowed',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'request_incomplete',
  409: 'conflict',
  412: 'precondition_failed',
  413: 'body_too_large',
  415: 'unsupported_media_type',
  422: 'invalid_input',
  429: 'too_many_requests',
  503: 'unavailable',
  504: 'timed_out',
}

/** Complete once `PROBLEM_TEXTS` are there; until then in the server's words. */
export function describeError(error: unknown): Described {
  if (error instanceof ApiError) return describeProblem(error.problem)
  if (error instanceof SaidError) return { title: error.message, message: error.nextStep, detail: '' }
  if (error instanceof OfflineError) {
    return { title: i18next.t('errors.offline'), message: i18next.t('errors.offlineNext'), detail: '' }
  }
  const text = error instanceof Error ? error.message : String(error)
  return { title: i18next.t('errors.unexpected'), message: '', detail: text }
}

/** As `describeError`, for a component: its texts are fetched when there is an error to tell. */
export function useDescribedError(error: unknown): Described {
  // Its own texts: the page goes on showing itself until they are there.
  useTranslation(PROBLEM_TEXTS, { useSuspense: false })
  return describeError(error)
}

function describeProblem(problem: Problem): Described {
  const own = textsOf(problem.code)
  const texts = own ?? textsOf(BY_STATUS[problem.status] ?? 'internal_error')
  const fields = (problem.errors ?? []).slice(0, 3).map(({ field, reason }) => `${field} ${reason}`.trim())
  const next = problem.next_step ?? ''
  if (!texts) return { title: problem.detail, message: next, detail: fields.join('; ') }
  const isExact = own !== null && !GENERAL.has(problem.code.toLowerCase())
  if (isExact) return { ...texts, detail: fields.join('; ') }
  // Who reads English is told what the server says, and nothing less exact above it.
  if (i18next.resolvedLanguage === 'en' && own) {
    return { title: problem.detail, message: next || texts.message, detail: fields.join('; ') }
  }
  return {
    ...texts,
    detail: [problem.detail, ...(fields.length ? fields : [next])].filter(Boolean).join(' '),
  }
}

function textsOf(code: string): Omit<Described, 'detail'> | null {
  const name = `problems:${code.toLowerCase()}`
  if (i18next.exists(`${name}.title`)) {
    return { title: i18next.t(`${name}.title`), message: i18next.t(`${name}.next`) }
  }
  const ofTask = `errors:${code.toUpperCase()}`
  if (!i18next.exists(`${ofTask}.meaning`)) return null
  return { title: i18next.t(`${ofTask}.meaning`), message: i18next.t(`${ofTask}.next`) }
}
