/** A menu of a few actions, fetched when its button is first reached for. */

import type { Icon } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import { LazyMenu } from './lazy-menu'

export interface MenuAction {
  readonly label: string
  readonly icon: Icon
  /** What it does cannot be taken back. */
  readonly isDangerous?: boolean
  readonly isDisabled?: boolean
  /** A line stands before it. */
  readonly isApart?: boolean
  readonly run: () => void
}

interface ActionMenuProps {
  readonly actions: readonly MenuAction[]
  readonly children: ReactElement<object>
}

const items = () =>
  import('./action-menu-items').then(({ ActionMenuItems }) => ({ default: ActionMenuItems }))

export function ActionMenu({ actions, children }: ActionMenuProps) {
  return (
    <LazyMenu items={items} itemProps={{ actions }} position="bottom-end">
      {children}
    </LazyMenu>
  )
}
