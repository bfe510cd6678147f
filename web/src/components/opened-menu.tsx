import { Menu, type MenuProps } from '@mantine/core'
import { cloneElement, type ReactElement, type ReactNode, type Ref, useEffect, useRef, useState } from 'react'

interface OpenedMenuProps extends Pick<MenuProps, 'position' | 'width' | 'trapFocus'> {
  readonly items: ReactNode
  readonly children: ReactElement<{ readonly ref?: Ref<HTMLButtonElement> }>
}

/** Opens at once: it is made when its button was used the first time. */
export function OpenedMenu({ items, children, ...props }: OpenedMenuProps) {
  const [isOpen, setOpen] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    // It stands where the used one was, and gets the focus back from the menu.
    button.current?.focus()
    setOpen(true)
  }, [])
  return (
    <Menu {...props} opened={isOpen} onChange={setOpen}>
      <Menu.Target>{cloneElement(children, { ref: button })}</Menu.Target>
      <Menu.Dropdown>{items}</Menu.Dropdown>
    </Menu>
  )
}
