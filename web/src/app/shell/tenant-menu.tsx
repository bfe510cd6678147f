import { Button, Menu, Text } from '@mantine/core'
import { IconCheck, IconChevronDown } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { useMe, useSwitchTenant } from '@/lib/me'
import { sayError } from '@/lib/say'

/** The tenant one acts in; of several, a choice. */
export function TenantMenu() {
  const { t } = useTranslation()
  const { tenant, tenants } = useMe()
  const { mutate, isPending } = useSwitchTenant()
  const name = tenant?.name ?? ''
  if (tenants.length < 2) {
    return (
      <Text truncate c="dimmed" size="sm" maw={220}>
        {name}
      </Text>
    )
  }
  return (
    <Menu position="bottom-start" width={260}>
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          size="compact-sm"
          maw={220}
          loading={isPending}
          rightSection={<IconChevronDown size={14} aria-hidden />}
          aria-label={t('shell.tenant', { name })}
        >
          {name}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t('shell.tenants')}</Menu.Label>
        {tenants.map(({ id, name: each, role }) => (
          <Menu.Item
            key={id}
            disabled={id === tenant?.id}
            rightSection={id === tenant?.id ? <IconCheck size={14} aria-hidden /> : null}
            onClick={() => mutate(id, { onError: sayError })}
          >
            {each}
            <Text size="xs" c="dimmed">
              {t(`role.${role}`)}
            </Text>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
