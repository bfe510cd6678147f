import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { validateQueueSearch } from '@/features/batches/queue-filters'
import { validateProjectsSearch } from '@/features/projects/filters'
import { pageTexts } from '../page-texts'
import { signedInRoute } from './signed-in'

export const projectsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/projects',
  validateSearch: validateProjectsSearch,
  ...pageTexts('projects'),
  component: lazyRouteComponent(() => import('@/features/projects/projects-page'), 'ProjectsPage'),
})

export const projectRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/projects/$projectId',
  validateSearch: validateQueueSearch,
  ...pageTexts('projects', 'batches'),
  component: lazyRouteComponent(() => import('@/features/projects/project-page'), 'ProjectPage'),
})
