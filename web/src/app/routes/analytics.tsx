import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { readAnalyticsSearch } from '@/features/analytics/search'
import { pageTexts } from '../page-texts'
import { signedInRoute } from './signed-in'

export const analyticsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/analytics',
  validateSearch: readAnalyticsSearch,
  ...pageTexts('analytics'),
  component: lazyRouteComponent(() => import('@/features/analytics/analytics-page'), 'AnalyticsPage'),
})
