import { Button, Text } from '@mantine/core'
import { IconChevronDown } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { LazyMenu } from '@/components/lazy-menu'
import { useMe } from '@/lib/me'

const items = () =>
  import('./tenant-menu-items').then(({ TenantMenuItems }) => ({ default: TenantMenuItems }))

/** The tenant one acts in; of several, a choice. */
export function TenantMenu() {
  const { t } = useTranslation()
  const { tenant, tenants } = useMe()
  const name = tenant?.name ?? ''
  if (tenants.length < 2) {
    return (
      <Text truncate c="dimmed" size="sm" maw={220}>
        {name}
      </Text>
    )
  }
  return (
    <LazyMenu items={items} itemProps={{}} position="bottom-start" width={260}>
      <Button
        variant="subtle"
        color="gray"
        size="compact-sm"
        maw={220}
        rightSection={<IconChevronDown size={14} aria-hidden />}
        aria-label={t('shell.tenant', { name })}
      >
        {name}
      </Button>
    </LazyMenu>
  )
}
