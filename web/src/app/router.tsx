import type { QueryClient } from '@tanstack/react-query'
import { createRouter } from '@tanstack/react-router'
import { Loading } from '@/components/loading'
import { LazyNotFound } from './lazy-not-found'
import { RouteError } from './route-error'
import { analyticsRoute } from './routes/analytics'
import { batchCreateRoute } from './routes/batch-create'
import { batchesRoute, batchRoute, jobRoute } from './routes/batches'
import { costsRoute } from './routes/costs'
import { dashboardRoute } from './routes/dashboard'
import { historyRoute } from './routes/history'
import { importsRoute } from './routes/imports'
import { libraryRoute } from './routes/library'
import { notFoundRoute } from './routes/not-found'
import { operationsRoute } from './routes/operations'
import { projectRoute, projectsRoute } from './routes/projects'
import { rootRoute } from './routes/root'
import { scheduleRoute } from './routes/schedule'
import { settingsRoute } from './routes/settings'
import { signInRoute } from './routes/sign-in'
import { signedInRoute } from './routes/signed-in'

const tree = rootRoute.addChildren([
  signInRoute,
  signedInRoute.addChildren([
    dashboardRoute,
    projectsRoute,
    projectRoute,
    batchesRoute,
    batchRoute,
    jobRoute,
    batchCreateRoute,
    importsRoute,
    libraryRoute,
    scheduleRoute,
    historyRoute,
    costsRoute,
    analyticsRoute,
    operationsRoute,
    settingsRoute,
    notFoundRoute,
  ]),
])

export function makeRouter(queries: QueryClient) {
  return createRouter({
    routeTree: tree,
    basepath: import.meta.env.BASE_URL,
    context: { queries },
    defaultPreload: 'intent',
    defaultPendingComponent: Loading,
    defaultErrorComponent: RouteError,
    defaultNotFoundComponent: LazyNotFound,
    scrollRestoration: true,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>
  }
}
