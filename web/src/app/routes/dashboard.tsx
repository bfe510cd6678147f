import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { validateQueueSearch } from '@/features/batches/queue-filters'
import { pageTexts } from '../page-texts'
import { signedInRoute } from './signed-in'

export const dashboardRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/',
  validateSearch: validateQueueSearch,
  ...pageTexts('dashboard', 'batches', 'errors'),
  component: lazyRouteComponent(() => import('@/features/dashboard/dashboard-page'), 'DashboardPage'),
})
