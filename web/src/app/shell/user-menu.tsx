import { ActionIcon, Avatar } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { LazyMenu } from '@/components/lazy-menu'
import { useMe } from '@/lib/me'

const items = () => import('./user-menu-items').then(({ UserMenuItems }) => ({ default: UserMenuItems }))

export function UserMenu() {
  const { t } = useTranslation()
  const { email } = useMe()
  return (
    <LazyMenu items={items} itemProps={{}} position="bottom-end" width={240}>
      <ActionIcon variant="subtle" radius="xl" size="lg" aria-label={t('shell.account')}>
        <Avatar size={30} color="ink" name={email ?? '?'} alt="" />
      </ActionIcon>
    </LazyMenu>
  )
}
