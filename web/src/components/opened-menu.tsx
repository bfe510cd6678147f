import { Menu, type MenuProps } from '@mantine/core'
import {
  cloneElement,
  type ReactElement,
  type ReactNode,
  type RefAttributes,
  useEffect,
  useRef,
  useState,
} from 'react'

interface OpenedMenuProps extends Pick<MenuProps, 'position' | 'width' | 'trapFocus'> {
  readonly items: ReactNode
  readonly children: ReactElement<RefAttributes<HTMLElement>>
}

/** Opens by itself: it is made when its button was used the first time, and gives the focus back to that. */
export function OpenedMenu({ items, children, ...props }: OpenedMenuProps) {
  const [isOpen, setOpen] = useState(false)
  const button = useRef<HTMLElement>(null)
  useEffect(() => {
    // This button has just taken the place of the one that had the focus.
    button.current?.focus({ preventScroll: true })
    setOpen(true)
  }, [])
  return (
    <Menu {...props} opened={isOpen} onChange={setOpen}>
      <Menu.Target>{cloneElement(children, { ref: button })}</Menu.Target>
      <Menu.Dropdown>{items}</Menu.Dropdown>
    </Menu>
  )
}
