/** The pages of the navigation, in its order, with the key after `g` that leads there. */

import {
  type Icon,
  IconBooks,
  IconCalendar,
  IconChartBar,
  IconCoin,
  IconFolders,
  IconHistory,
  IconLayoutDashboard,
  IconSettings,
  IconStack2,
  IconTableImport,
  IconTool,
} from '@tabler/icons-react'
import type { Role } from '@/lib/me'

export interface NavPage {
  readonly to:
    | '/'
    | '/projects'
    | '/batches'
    | '/library'
    | '/schedule'
    | '/imports'
    | '/history'
    | '/costs'
    | '/analytics'
    | '/operations'
    | '/settings'
  /** Of its text, `nav.<name>`. */
  readonly name: string
  readonly icon: Icon
  readonly key?: string
  /** Shown to these roles only; the database decides what they may do. */
  readonly roles?: readonly Role[]
}

const PAGES: readonly NavPage[] = [
  { to: '/', name: 'dashboard', icon: IconLayoutDashboard, key: 'd' },
  { to: '/projects', name: 'projects', icon: IconFolders, key: 'p' },
  { to: '/batches', name: 'batches', icon: IconStack2, key: 'b' },
  { to: '/library', name: 'library', icon: IconBooks, key: 'l' },
  { to: '/schedule', name: 'schedule', icon: IconCalendar, key: 't' },
  { to: '/imports', name: 'imports', icon: IconTableImport, key: 'i' },
  { to: '/history', name: 'history', icon: IconHistory, key: 'h' },
  { to: '/costs', name: 'costs', icon: IconCoin, key: 'c' },
  { to: '/analytics', name: 'analytics', icon: IconChartBar, key: 'a' },
  { to: '/operations', name: 'operations', icon: IconTool, key: 'o', roles: ['owner', 'admin'] },
  { to: '/settings', name: 'settings', icon: IconSettings, key: 's' },
]

export function pagesFor(role: Role | null): readonly NavPage[] {
  return PAGES.filter(({ roles }) => !roles || (role !== null && roles.includes(role)))
}
