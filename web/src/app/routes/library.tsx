import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { librarySearch } from '@/features/library/filters'
import { pageTexts } from '../page-texts'
import { signedInRoute } from './signed-in'

export const libraryRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/library',
  validateSearch: librarySearch,
  ...pageTexts('library'),
  component: lazyRouteComponent(() => import('@/features/library/library-page'), 'LibraryPage'),
})
