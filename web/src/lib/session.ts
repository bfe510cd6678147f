/**
 * The sign-in. The access token lives in this module's memory only; the refresh token in a cookie that scripts cannot
 * read, so a reload asks for a new access token. Tabs tell each other of sign-outs and switched tenants.
 */

import type { components } from '@/types/api'
import { ApiError, OfflineError, problemOf, SignedOutError } from './problem'

type Answer = components['schemas']['Session']

export interface SignedIn {
  readonly status: 'signed-in'
  readonly accessToken: string
  /** Milliseconds since 1970, by this machine's clock. */
  readonly expiresAt: number
  readonly userId: string
  readonly email: string
  /** The team that the token acts in; null for none. */
  readonly tenantId: string | null
}
export type Session = { readonly status: 'starting' } | { readonly status: 'signed-out' } | SignedIn

/** How long before its end a token is renewed. Milliseconds. */
const EARLY_MS = 60_000
/** Asks the API to keep the refresh token in the cookie. */
const COOKIE = { 'X-Cliprow-Session': 'cookie' }

/** Set while this browser may have the cookie; without it nobody needs to be asked. */
const HINT = 'cliprow.signed-in'
/** Where a sign-in with a provider is to lead, in this tab. */
const BACK = 'cliprow.back'

let current: Session = { status: 'starting' }
let renewing: Promise<Session> | null = null
let timer: ReturnType<typeof setTimeout> | undefined
const listeners = new Set<() => void>()
const tabs = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('cliprow-session')

if (tabs) {
  tabs.onmessage = ({ data }) => {
    if (data === 'signed-out') put({ status: 'signed-out' })
    if (data === 'changed') void renew()
  }
}

export function session(): Session {
  return current
}

/** For `useSyncExternalStore`; also called when a token was renewed. */
export function onSessionChange(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function put(next: Session): Session {
  current = next
  clearTimeout(timer)
  if (next.status === 'signed-in') localStorage.setItem(HINT, 'yes')
  if (next.status === 'signed-out') localStorage.removeItem(HINT)
  if (next.status === 'signed-in') {
    timer = setTimeout(() => void renew(), Math.max(next.expiresAt - Date.now() - EARLY_MS, 1_000))
  }
  for (const listener of listeners) listener()
  return next
}

function take(answer: Answer): Session {
  if (!answer.access_token || !answer.user) return put({ status: 'signed-out' })
  return put({
    status: 'signed-in',
    accessToken: answer.access_token,
    expiresAt: Date.now() + (answer.expires_in ?? 3600) * 1000,
    userId: answer.user.id,
    email: answer.user.email ?? '',
    tenantId: tenantOf(answer.access_token),
  })
}

/** The `tenant_id` of an access token, which is checked by whoever lets it act. */
function tenantOf(token: string): string | null {
  const payload = token.split('.')[1] ?? ''
  const { tenant_id } = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')))
  return typeof tenant_id === 'string' ? tenant_id : null
}

async function post(path: string, body?: object, token?: string): Promise<Response> {
  const headers: Record<string, string> = { ...COOKIE }
  if (body) headers['Content-Type'] = 'application/json'
  if (token) headers.Authorization = `Bearer ${token}`
  try {
    return await fetch(path, { method: 'POST', headers, body: body ? JSON.stringify(body) : null })
  } catch {
    throw new OfflineError('The server was not reached.')
  }
}

async function postForSession(path: string, body?: object): Promise<Answer> {
  const response = await post(path, body)
  if (!response.ok) throw new ApiError(await problemOf(response))
  return (await response.json()) as Answer
}

/**
 * Exchange the cookie for a new access token; calls at the same time share one exchange.
 *
 * A session that is over leaves `signed-out`. A server that is not reached changes nothing, and throws OfflineError.
 */
export function renew(): Promise<Session> {
  renewing ??= (localStorage.getItem(HINT) ? postForSession('/auth/refresh') : Promise.resolve({}))
    .then(take, (error: unknown) => {
      if (error instanceof ApiError && error.status < 429) return put({ status: 'signed-out' })
      // Later again, since the token may still be good.
      clearTimeout(timer)
      timer = setTimeout(() => void renew().catch(() => undefined), 5_000)
      throw error
    })
    .finally(() => {
      renewing = null
    })
  return renewing
}

/** A token that holds for a while yet. Throws SignedOutError or OfflineError. */
export async function accessToken(): Promise<string> {
  let known = current
  if (known.status !== 'signed-in' || known.expiresAt < Date.now() + 5_000) known = await renew()
  if (known.status !== 'signed-in') throw new SignedOutError('Nobody is signed in.')
  return known.accessToken
}

export async function signIn(email: string, password: string): Promise<void> {
  take(await postForSession('/auth/signin', { email, password }))
  tabs?.postMessage('changed')
}

/** Whether the new user is signed in at once; false when the address is to be confirmed first. */
export async function signUp(email: string, password: string, tenantName: string): Promise<boolean> {
  const body = { email, password, tenant_name: tenantName, redirect_to: pageUrl('callback') }
  const answer = await postForSession('/auth/signup', body)
  if (!answer.access_token) return false
  take(answer)
  tabs?.postMessage('changed')
  return true
}

/** Take up what a link or a sign-in elsewhere gave. */
export async function startSession(body: components['schemas']['SessionStart']): Promise<void> {
  take(await postForSession('/auth/session', body))
  tabs?.postMessage('changed')
}

/** Where to sign in with a provider; the verifier, and the page that is wanted then, are kept for the way back. */
export async function providerUrl(provider: string, back = '/'): Promise<string> {
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(48)))
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
  sessionStorage.setItem('cliprow.verifier', verifier)
  sessionStorage.setItem(BACK, back)
  const response = await post('/auth/signin', {
    provider,
    redirect_to: pageUrl('callback'),
    code_challenge: base64url(new Uint8Array(digest)),
  })
  if (!response.ok) throw new ApiError(await problemOf(response))
  return ((await response.json()) as components['schemas']['SignInElsewhere']).url
}

/** The page that was wanted before the sign-in with a provider. */
export function wantedPage(): string {
  return sessionStorage.getItem(BACK) ?? '/'
}

export async function recover(email: string): Promise<void> {
  const response = await post('/auth/recover', { email, redirect_to: pageUrl('new-password') })
  if (!response.ok) throw new ApiError(await problemOf(response))
}

/** End this session, or all of the user's; here and in other tabs also when the server cannot be reached. */
export async function signOut(scope: 'local' | 'global' = 'local'): Promise<void> {
  const token = current.status === 'signed-in' ? current.accessToken : undefined
  try {
    const response = await post(`/auth/signout?scope=${scope}`, undefined, token)
    if (!response.ok) throw new ApiError(await problemOf(response))
  } finally {
    put({ status: 'signed-out' })
    tabs?.postMessage('signed-out')
  }
}

/** The session acts in another tenant from now on: every tab needs a new token. */
export async function renewEverywhere(): Promise<void> {
  await renew()
  tabs?.postMessage('changed')
}

/** The address of a page of this app, for links that others send. */
export function pageUrl(path: string): string {
  return new URL(`${import.meta.env.BASE_URL}${path}`, location.origin).href
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}
