import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { scheduleSearch } from '@/features/schedule/search'
import { signedInRoute } from './signed-in'

export const scheduleRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/schedule',
  validateSearch: scheduleSearch,
  component: lazyRouteComponent(() => import('@/features/schedule/schedule-page'), 'SchedulePage'),
})
