/** Everything that needs a sign-in: without one the sign-in page comes first, and leads back to where one wanted to go. */

import { createRoute, lazyRouteComponent, notFound, redirect, rootRouteId } from '@tanstack/react-router'
import { configQuery } from '@/lib/config'
import { meQuery } from '@/lib/me'
import { renew, session } from '@/lib/session'
import { rootRoute } from './root'

export const signedInRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'signed-in',
  beforeLoad: async ({ location, matches }) => {
    // Auth leads to the site's first page where it does not know any more what somebody had wanted.
    const told = [location.searchStr.slice(1), location.hash].join('&')
    if (told.includes('error_description=')) throw redirect({ to: '/callback', hash: told, replace: true })
    const known = session().status === 'starting' ? await renew() : session()
    if (known.status !== 'signed-in') {
      // Nobody has to sign in to be told that there is nothing.
      if (matches.at(-1)?.routeId.endsWith('/$')) throw notFound({ routeId: rootRouteId })
      const isStart = location.pathname === '/'
      throw redirect({ to: '/sign-in', search: isStart ? {} : { back: location.href }, replace: true })
    }
  },
  loader: ({ context }) =>
    Promise.all([context.queries.ensureQueryData(meQuery), context.queries.ensureQueryData(configQuery)]),
  component: lazyRouteComponent(() => import('@/app/shell/shell'), 'Shell'),
})
