import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { validateBatchSearch } from '@/features/batches/batch-filters'
import { validateQueueSearch } from '@/features/batches/queue-filters'
import { validateJobTab } from '@/features/jobs/job-tabs'
import { pageTexts } from '../page-texts'
import { signedInRoute } from './signed-in'

export const batchesRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/batches',
  validateSearch: validateQueueSearch,
  ...pageTexts('batches'),
  component: lazyRouteComponent(() => import('@/features/batches/batches-page'), 'BatchesPage'),
})

export const batchRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/batches/$batchId',
  validateSearch: validateBatchSearch,
  ...pageTexts('batches', 'jobs', 'errors'),
  component: lazyRouteComponent(() => import('@/features/batches/batch-page'), 'BatchPage'),
})

export const jobRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/jobs/$jobId',
  validateSearch: validateJobTab,
  ...pageTexts('jobs', 'errors'),
  component: lazyRouteComponent(() => import('@/features/jobs/job-page'), 'JobPage'),
})
