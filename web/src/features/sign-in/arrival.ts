/**
 * What a link in a message, or a sign-in elsewhere, brings back in the address: a code, a refresh token or a refusal.
 * It leaves the address at once, so that it is in no history.
 */

import i18next from 'i18next'
import { SaidError } from '@/lib/problem'
import { startSession } from '@/lib/session'

let taking: Promise<void> | undefined

/** Take up the session that the address brings. Throws SaidError where it brings a refusal, or nothing. */
export function takeArrival(): Promise<void> {
  taking ??= take()
  return taking
}

async function take(): Promise<void> {
  const given = new URLSearchParams(location.search)
  for (const [name, value] of new URLSearchParams(location.hash.slice(1))) given.set(name, value)
  history.replaceState(history.state, '', location.pathname)
  const code = given.get('code')
  const refreshToken = given.get('refresh_token')
  const verifier = sessionStorage.getItem('cliprow.verifier')
  sessionStorage.removeItem('cliprow.verifier')
  if (code) return startSession({ auth_code: code, code_verifier: verifier })
  if (refreshToken) return startSession({ refresh_token: refreshToken })
  await i18next.loadNamespaces('sign-in')
  const said = given.get('error_description')
  const t = i18next.getFixedT(null, 'sign-in')
  throw new SaidError(
    verifier && said ? t('refused.elsewhere', { said }) : t('refused.link'),
    verifier ? t('refused.elsewhereNext') : t('refused.linkNext'),
  )
}
