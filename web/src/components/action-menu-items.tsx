import { Menu } from '@mantine/core'
import { Fragment } from 'react'
import type { MenuAction } from './action-menu'

export function ActionMenuItems({ actions }: { readonly actions: readonly MenuAction[] }) {
  return actions.map(({ label, icon: IconOf, isDangerous, isDisabled, isApart, run }) => (
    <Fragment key={label}>
      {isApart && <Menu.Divider />}
      <Menu.Item
        color={isDangerous ? 'var(--mantine-color-error)' : undefined}
        leftSection={<IconOf size={16} aria-hidden />}
        disabled={isDisabled}
        onClick={run}
      >
        {label}
      </Menu.Item>
    </Fragment>
  ))
}
