import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { readOperationsSearch } from '@/features/operations/search'
import { signedInRoute } from './signed-in'

export const operationsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/operations',
  validateSearch: readOperationsSearch,
  component: lazyRouteComponent(() => import('@/features/operations/operations-page'), 'OperationsPage'),
})
