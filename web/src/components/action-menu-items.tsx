import { Menu } from '@mantine/core'
import type { MenuAction } from './action-menu'

export function ActionMenuItems({ actions }: { readonly actions: readonly MenuAction[] }) {
  return actions.map(({ label, icon: IconOf, isDangerous, run }) => (
    <Menu.Item
      key={label}
      color={isDangerous ? 'var(--mantine-color-error)' : undefined}
      leftSection={<IconOf size={16} aria-hidden />}
      onClick={run}
    >
      {label}
    </Menu.Item>
  ))
}
