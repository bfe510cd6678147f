import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { scheduleSearch } from '@/features/schedule/search'
import { pageTexts } from '../page-texts'
import { signedInRoute } from './signed-in'

export const scheduleRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/schedule',
  validateSearch: scheduleSearch,
  ...pageTexts('schedule', 'batch-create', 'library'),
  component: lazyRouteComponent(() => import('@/features/schedule/schedule-page'), 'SchedulePage'),
})
