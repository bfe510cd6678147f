import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { signedInRoute } from './signed-in'

/** Every address that no page has. */
export const notFoundRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '$',
  component: lazyRouteComponent(() => import('@/features/not-found/not-found-page'), 'NotFoundPage'),
})
