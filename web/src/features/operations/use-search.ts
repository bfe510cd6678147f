import { getRouteApi } from '@tanstack/react-router'
import type { OperationsSearch } from './search'

const route = getRouteApi('/signed-in/operations')

/** What stands in the address, and how to change a part of it. */
export function useOperationsSearch(): {
  search: OperationsSearch
  change: (part: Partial<OperationsSearch>) => void
} {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  return {
    search,
    change: (part) => void navigate({ search: (old) => ({ ...old, ...part }), replace: true }),
  }
}
