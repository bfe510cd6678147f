import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { signedInRoute } from './signed-in'

export const importsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/imports',
  component: lazyRouteComponent(() => import('@/features/imports/imports-page'), 'ImportsPage'),
})
