import { QueryClient } from '@tanstack/react-query'
import { ApiError, SignedOutError } from './problem'

/** Refusals are final; what did not reach the server is tried again. */
function isWorthAnotherTry(failures: number, error: Error): boolean {
  if (error instanceof SignedOutError) return false
  if (error instanceof ApiError && error.status < 500) return false
  return failures < 2
}

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        retry: isWorthAnotherTry,
        staleTime: 10_000,
        // Changes come by the live link, which also fetches what was missed.
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        networkMode: 'always',
      },
      mutations: { networkMode: 'always' },
    },
  })
}
