import { Menu, type MenuProps } from '@mantine/core'
import type { ReactElement, ReactNode } from 'react'

interface OpenedMenuProps extends Pick<MenuProps, 'position' | 'width'> {
  readonly items: ReactNode
  readonly children: ReactElement
}

/** Open at once: it is made when its button was used the first time. */
export function OpenedMenu({ items, children, ...props }: OpenedMenuProps) {
  return (
    <Menu {...props} defaultOpened>
      <Menu.Target>{children}</Menu.Target>
      <Menu.Dropdown>{items}</Menu.Dropdown>
    </Menu>
  )
}
