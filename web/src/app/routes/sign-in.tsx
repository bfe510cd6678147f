import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { pageTexts } from '../page-texts'
import { rootRoute } from './root'

const frame = createRoute({
  getParentRoute: () => rootRoute,
  id: 'sign-in-frame',
  ...pageTexts('sign-in'),
  component: lazyRouteComponent(() => import('@/features/sign-in/frame'), 'SignInFrame'),
})

/** Where to go on after the sign-in: a path of this app, and of no other site. */
function backOf(search: Record<string, unknown>): { back?: string } {
  const { back } = search
  return typeof back === 'string' && /^\/(?!\/)/.test(back) ? { back } : {}
}

const signIn = createRoute({
  getParentRoute: () => frame,
  path: '/sign-in',
  validateSearch: backOf,
  component: lazyRouteComponent(() => import('@/features/sign-in/sign-in-page'), 'SignInPage'),
})
const signUp = createRoute({
  getParentRoute: () => frame,
  path: '/sign-up',
  validateSearch: backOf,
  component: lazyRouteComponent(() => import('@/features/sign-in/sign-up-page'), 'SignUpPage'),
})
const forgotten = createRoute({
  getParentRoute: () => frame,
  path: '/forgotten',
  component: lazyRouteComponent(() => import('@/features/sign-in/forgotten-page'), 'ForgottenPage'),
})
const newPassword = createRoute({
  getParentRoute: () => frame,
  path: '/new-password',
  component: lazyRouteComponent(() => import('@/features/sign-in/new-password-page'), 'NewPasswordPage'),
})
const callback = createRoute({
  getParentRoute: () => frame,
  path: '/callback',
  component: lazyRouteComponent(() => import('@/features/sign-in/callback-page'), 'CallbackPage'),
})
const invitation = createRoute({
  getParentRoute: () => frame,
  path: '/invitation',
  validateSearch: (search: Record<string, unknown>): { token?: string } =>
    typeof search.token === 'string' ? { token: search.token } : {},
  component: lazyRouteComponent(() => import('@/features/sign-in/invitation-page'), 'InvitationPage'),
})

export const signInRoute = frame.addChildren([signIn, signUp, forgotten, newPassword, callback, invitation])
