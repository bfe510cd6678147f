/** A menu whose code, with what places it, is fetched when its button is first reached for. */

import type { MenuProps } from '@mantine/core'
import {
  type ComponentType,
  cloneElement,
  lazy,
  type ReactElement,
  type Ref,
  Suspense,
  useMemo,
  useState,
} from 'react'

interface ButtonLike {
  readonly ref?: Ref<HTMLButtonElement>
  readonly onClick?: () => void
  readonly onPointerEnter?: () => void
  readonly onFocus?: () => void
  readonly 'aria-haspopup'?: 'menu'
  readonly 'aria-expanded'?: boolean
}

interface LazyMenuProps<P extends object> extends Pick<MenuProps, 'position' | 'width' | 'trapFocus'> {
  /** Fetches what is in the menu. */
  readonly items: () => Promise<{ default: ComponentType<P> }>
  readonly itemProps: P
  readonly children: ReactElement<ButtonLike>
}

const fetchMenu = () => import('./opened-menu')

export function LazyMenu<P extends object>({ items, itemProps, children, ...props }: LazyMenuProps<P>) {
  const [isWanted, setIsWanted] = useState(false)
  const Opened = useMemo(
    () =>
      lazy(async () => {
        const [{ OpenedMenu }, { default: Items }] = await Promise.all([fetchMenu(), items()])
        return {
          default: ({ itemProps: own, ...rest }: Omit<LazyMenuProps<P>, 'items'>) => (
            <OpenedMenu {...rest} items={<Items {...own} />} />
          ),
        }
      }),
    [items],
  )
  const prefetch = () => {
    void fetchMenu()
    void items()
  }
  const button = cloneElement(children, {
    onClick: () => setIsWanted(true),
    onPointerEnter: prefetch,
    onFocus: prefetch,
    'aria-haspopup': 'menu',
    'aria-expanded': false,
  })
  if (!isWanted) return button
  return (
    <Suspense fallback={button}>
      <Opened {...props} itemProps={itemProps}>
        {children}
      </Opened>
    </Suspense>
  )
}
