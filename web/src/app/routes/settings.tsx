import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { SETTINGS_TABS, type SettingsTab } from '@/features/settings/tabs'
import { readOne } from '@/lib/search-params'
import { pageTexts } from '../page-texts'
import { signedInRoute } from './signed-in'

export const settingsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/settings',
  validateSearch: (search: Record<string, unknown>): { tab?: SettingsTab } => {
    const tab = readOne(search, 'tab', SETTINGS_TABS)
    return tab ? { tab } : {}
  },
  ...pageTexts('settings'),
  component: lazyRouteComponent(() => import('@/features/settings/settings-page'), 'SettingsPage'),
})
