/** The pages of the navigation, in its order, with the key after `g` that leads there. */

import {
  type Icon,
  IconBooks,
  IconCalendar,
  IconCoin,
  IconFolders,
  IconHistory,
  IconLayoutDashboard,
  IconStack2,
  IconTableImport,
} from '@tabler/icons-react'
import type { Role } from '@/lib/me'

export interface NavPage {
  readonly to: '/' | '/projects' | '/batches' | '/library' | '/schedule' | '/imports' | '/history' | '/costs'
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
  { to: '/schedule', name: 'schedule', icon: IconCalendar, key: 's' },
  { to: '/imports', name: 'imports', icon: IconTableImport, key: 'i' },
  { to: '/history', name: 'history', icon: IconHistory, key: 'h' },
  { to: '/costs', name: 'costs', icon: IconCoin, key: 'c' },
]

export function pagesFor(role: Role | null): readonly NavPage[] {
  return PAGES.filter(({ roles }) => !roles || (role !== null && roles.includes(role)))
}
