import { Menu, Text } from '@mantine/core'
import { IconCheck } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { useMe, useSwitchTenant } from '@/lib/me'
import { sayError } from '@/lib/say'

export function TenantMenuItems() {
  const { t } = useTranslation()
  const { tenant, tenants } = useMe()
  const { mutate } = useSwitchTenant()
  return (
    <>
      <Menu.Label>{t('shell.tenants')}</Menu.Label>
      {tenants.map(({ id, name, role }) => (
        <Menu.Item
          key={id}
          disabled={id === tenant?.id}
          rightSection={id === tenant?.id ? <IconCheck size={14} aria-hidden /> : null}
          onClick={() => mutate(id, { onError: sayError })}
        >
          {name}
          <Text size="xs" c="dimmed">
            {t(`role.${role}`)}
          </Text>
        </Menu.Item>
      ))}
    </>
  )
}
