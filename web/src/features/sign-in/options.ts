import { queryOptions } from '@tanstack/react-query'
import { OfflineError } from '@/lib/problem'

export interface SignInOptions {
  readonly providers: readonly string[]
  readonly isSignUpOpen: boolean
}

/** What Supabase Auth lets people do here; its settings are public. */
export const signInOptionsQuery = queryOptions({
  queryKey: ['sign-in-options'],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async (): Promise<SignInOptions> => {
    const config = (await (await ask('/config')).json()) as { supabase_url: string; publishable_key: string }
    const settings = (await (
      await ask(`${config.supabase_url}/auth/v1/settings`, { headers: { apikey: config.publishable_key } })
    ).json()) as { external?: Record<string, boolean>; disable_signup?: boolean }
    const isElsewhere = (name: string) => !['email', 'phone', 'anonymous_users'].includes(name)
    return {
      providers: Object.entries(settings.external ?? {})
        .filter(([name, isOn]) => isOn && isElsewhere(name))
        .map(([name]) => name),
      isSignUpOpen: !settings.disable_signup,
    }
  },
})

async function ask(url: string, init?: RequestInit): Promise<Response> {
  const response = await fetch(url, init)
  if (!response.ok) throw new OfflineError(`${url} answered ${response.status}.`)
  return response
}
