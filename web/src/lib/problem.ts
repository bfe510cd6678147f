import type { components } from '@/types/api'

/** What the API says when it refuses: what happened, why, and what to do next. */
export type Problem = components['schemas']['Problem']

/** The API refused; `problem.code` is what programs decide by. */
export class ApiError extends Error {
  override readonly name = 'ApiError'

  constructor(readonly problem: Problem) {
    super(problem.detail)
  }

  get status(): number {
    return this.problem.status
  }

  get code(): string {
    return this.problem.code
  }

  get nextStep(): string {
    return this.problem.next_step ?? ''
  }
}

/** The API was not reached. Nothing is known of what became of the request. */
export class OfflineError extends Error {
  override readonly name = 'OfflineError'
}

/** Refused by the app itself, in words of the reader's language. */
export class SaidError extends Error {
  override readonly name = 'SaidError'

  constructor(
    message: string,
    readonly nextStep = '',
  ) {
    super(message)
  }
}

/** Nobody is signed in any more. */
export class SignedOutError extends Error {
  override readonly name = 'SignedOutError'
}

/** Read the refusal in an answer; also where something between us and the API answered. */
export async function problemOf(response: Response): Promise<Problem> {
  const fallback: Problem = {
    title: response.statusText || 'Error',
    status: response.status,
    code: `HTTP_${response.status}`,
    detail: `The server answered ${response.status}.`,
    next_step: response.status >= 500 ? 'Try again in a moment.' : '',
  }
  if (!response.headers.get('content-type')?.includes('json')) return fallback
  try {
    return { ...fallback, ...((await response.json()) as Partial<Problem>) }
  } catch (error) {
    if (error instanceof SyntaxError) return fallback
    throw error
  }
}
