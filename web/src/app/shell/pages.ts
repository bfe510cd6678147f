/** The pages of the navigation, in its order, with the key after `g` that leads there. */

import { type Icon, IconBooks, IconCalendar, IconLayoutDashboard, IconTableImport } from '@tabler/icons-react'
import type { Role } from '@/lib/me'

export interface NavPage {
  readonly to: '/' | '/library' | '/schedule' | '/imports'
  /** Of its text, `nav.<name>`. */
  readonly name: string
  readonly icon: Icon
  readonly key?: string
  /** Shown to these roles only; the database decides what they may do. */
  readonly roles?: readonly Role[]
}

const PAGES: readonly NavPage[] = [
  { to: '/', name: 'dashboard', icon: IconLayoutDashboard, key: 'd' },
  { to: '/library', name: 'library', icon: IconBooks, key: 'l' },
  { to: '/schedule', name: 'schedule', icon: IconCalendar, key: 's' },
  { to: '/imports', name: 'imports', icon: IconTableImport, key: 'i' },
]

export function pagesFor(role: Role | null): readonly NavPage[] {
  return PAGES.filter(({ roles }) => !roles || (role !== null && roles.includes(role)))
}
