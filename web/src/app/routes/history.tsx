import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { readHistoryFilter } from '@/features/history/filter'
import { signedInRoute } from './signed-in'

export const historyRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/history',
  validateSearch: readHistoryFilter,
  component: lazyRouteComponent(() => import('@/features/history/history-page'), 'HistoryPage'),
})
