import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { pageTexts } from '../page-texts'
import { signedInRoute } from './signed-in'

export const importsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/imports',
  ...pageTexts('imports', 'batch-create'),
  component: lazyRouteComponent(() => import('@/features/imports/imports-page'), 'ImportsPage'),
})
