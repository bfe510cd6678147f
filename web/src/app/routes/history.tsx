import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { readHistoryFilter } from '@/features/history/filter'
import { pageTexts } from '../page-texts'
import { signedInRoute } from './signed-in'

export const historyRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/history',
  validateSearch: readHistoryFilter,
  ...pageTexts('history', 'errors'),
  component: lazyRouteComponent(() => import('@/features/history/history-page'), 'HistoryPage'),
})
