import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { readOne, readText } from '@/lib/search-params'
import { pageTexts } from '../page-texts'
import { signedInRoute } from './signed-in'

export interface CostsSearch {
  readonly tab?: 'budgets' | 'providers'
  readonly project?: string
}

export const costsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/costs',
  validateSearch: (search: Record<string, unknown>): CostsSearch => ({
    tab: readOne(search, 'tab', ['budgets', 'providers'] as const),
    project: readText(search, 'project'),
  }),
  ...pageTexts('costs'),
  component: lazyRouteComponent(() => import('@/features/costs/costs-page'), 'CostsPage'),
})
