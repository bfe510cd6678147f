import { api, call } from '@/lib/api'
import { ApiError, OfflineError } from '@/lib/problem'
import { accessToken } from '@/lib/session'

/** Give the signed-in user another password. Supabase Auth keeps it; our API never sees it. */
export async function setPassword(password: string): Promise<void> {
  const [config, token] = await Promise.all([call(api.GET('/config')), accessToken()])
  const response = await fetch(`${config.supabase_url}/auth/v1/user`, {
    method: 'PUT',
    headers: {
      apikey: config.publishable_key,
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/json',
    },
    body: JSON.stringify({ password }),
  }).catch(() => {
    throw new OfflineError('The server was not reached.')
  })
  if (response.ok) return
  const { msg, error_code: code } = (await response.json()) as { msg?: string; error_code?: string }
  throw new ApiError({
    title: 'Not saved',
    status: response.status,
    code: code ?? `HTTP_${response.status}`,
    detail: msg ?? `The server answered ${response.status}.`,
    next_step: 'Choose another password.',
  })
}
