import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { validateQueueSearch } from '@/features/batches/queue-filters'
import { validateProjectsSearch } from '@/features/projects/filters'
import { signedInRoute } from './signed-in'

export const projectsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/projects',
  validateSearch: validateProjectsSearch,
  component: lazyRouteComponent(() => import('@/features/projects/projects-page'), 'ProjectsPage'),
})

export const projectRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/projects/$projectId',
  validateSearch: validateQueueSearch,
  component: lazyRouteComponent(() => import('@/features/projects/project-page'), 'ProjectPage'),
})
