import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { librarySearch } from '@/features/library/filters'
import { signedInRoute } from './signed-in'

export const libraryRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/library',
  validateSearch: librarySearch,
  component: lazyRouteComponent(() => import('@/features/library/library-page'), 'LibraryPage'),
})
