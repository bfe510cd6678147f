import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { readOperationsSearch } from '@/features/operations/search'
import { pageTexts } from '../page-texts'
import { signedInRoute } from './signed-in'

export const operationsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/operations',
  validateSearch: readOperationsSearch,
  ...pageTexts('operations', 'errors'),
  component: lazyRouteComponent(() => import('@/features/operations/operations-page'), 'OperationsPage'),
})
