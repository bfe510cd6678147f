/** The REST API, typed by its OpenAPI document: `const jobs = await call(api.GET('/jobs', { params }))`. */

import createClient from 'openapi-fetch'
import type { components, paths } from '@/types/api'
import { ApiError, OfflineError, problemOf } from './problem'
import { accessToken, renew } from './session'

export type Schemas = components['schemas']

const forbiddenListeners = new Set<() => void>()

/** Called when something was not allowed: what one may do is perhaps not what was known. */
export function onForbidden(listener: () => void): () => void {
  forbiddenListeners.add(listener)
  return () => forbiddenListeners.delete(listener)
}

/** Sent again once with a new token when the first is refused. */
async function fetchSignedIn(request: Request): Promise<Response> {
  const again = request.clone()
  const response = await send(request, await accessToken())
  if (response.status === 403) for (const listener of forbiddenListeners) listener()
  if (response.status !== 401) return response
  await renew()
  return send(again, await accessToken())
}

async function send(request: Request, token: string): Promise<Response> {
  request.headers.set('Authorization', `Bearer ${token}`)
  request.headers.set('X-Cliprow-Client', 'web')
  try {
    return await fetch(request)
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new OfflineError('The server was not reached.')
  }
}

export const api = createClient<paths>({
  baseUrl: location.origin,
  fetch: fetchSignedIn,
  querySerializer: { array: { style: 'form', explode: true } },
})

type Outcome<T> = { data?: T; error?: unknown; response: Response }

/** The body of a good answer. Throws ApiError, OfflineError or SignedOutError. */
export async function call<T>(asked: Promise<Outcome<T>>): Promise<NonNullable<T>> {
  const { data, error, response } = await asked
  if (!response.ok) {
    throw new ApiError(
      isProblem(error) ? error : await problemOf(new Response(null, { status: response.status })),
    )
  }
  return data as NonNullable<T>
}

function isProblem(error: unknown): error is Schemas['Problem'] {
  return typeof error === 'object' && error !== null && 'code' in error && 'detail' in error
}

/** For requests that create something, so that one sent twice makes one thing. */
export function idempotencyKey(): Record<'Idempotency-Key', string> {
  return { 'Idempotency-Key': crypto.randomUUID() }
}
