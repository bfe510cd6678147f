import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { pageTexts } from '../page-texts'
import { signedInRoute } from './signed-in'

interface BatchCreateSearch {
  readonly project?: string
  readonly mode?: 'one' | 'many'
  /** Ids of scenes of the library, separated by commas. */
  readonly items?: string
  /** When it is to start, in ISO 8601. */
  readonly start?: string
}

export const batchCreateRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/batches/new',
  validateSearch: ({ project, mode, items, start }: Record<string, unknown>): BatchCreateSearch => ({
    ...(typeof project === 'string' ? { project } : {}),
    ...(mode === 'one' || mode === 'many' ? { mode } : {}),
    ...(typeof items === 'string' ? { items } : {}),
    ...(typeof start === 'string' && !Number.isNaN(Date.parse(start)) ? { start } : {}),
  }),
  ...pageTexts('batch-create', 'library'),
  component: lazyRouteComponent(() => import('@/features/batch-create/batch-create-page'), 'BatchCreatePage'),
})
