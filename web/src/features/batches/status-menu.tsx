import { Button } from '@mantine/core'
import { IconChevronDown } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { LazyMenu } from '@/components/lazy-menu'
import type { StatusMenuItemsProps } from './status-menu-items'

const items = () =>
  import('./status-menu-items').then(({ StatusMenuItems }) => ({ default: StatusMenuItems }))

/** The states that batches may be in, of which none or several are chosen. */
export function StatusMenu(props: StatusMenuItemsProps) {
  const { t } = useTranslation()
  const chosen = props.chosen.map((status) => t(`status.${status}`)).join(', ')
  return (
    <LazyMenu items={items} itemProps={props} position="bottom-start" width={190}>
      <Button
        variant="default"
        justify="space-between"
        w={{ base: '100%', sm: 150 }}
        px="sm"
        fw={400}
        rightSection={<IconChevronDown size={14} aria-hidden />}
        aria-label={chosen ? `${t('filters.status')}: ${chosen}` : t('filters.status')}
      >
        {chosen || t('filters.status')}
      </Button>
    </LazyMenu>
  )
}
