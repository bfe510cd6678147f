import { Menu } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { BatchStatus } from '@/components/status'
import { BATCH_STATUSES } from './queue-filters'

export interface StatusMenuItemsProps {
  readonly chosen: readonly BatchStatus[]
  readonly onChange: (chosen: readonly BatchStatus[]) => void
}

/** The menu stays open: one often wants more than one. */
export function StatusMenuItems({ chosen, onChange }: StatusMenuItemsProps) {
  const { t } = useTranslation()
  return BATCH_STATUSES.map((status) => {
    const isChosen = chosen.includes(status)
    return (
      <Menu.CheckboxItem
        key={status}
        checked={isChosen}
        closeMenuOnClick={false}
        // In the order of the list, so that the same choice has the same address.
        onChange={() =>
          onChange(BATCH_STATUSES.filter((each) => (each === status ? !isChosen : chosen.includes(each))))
        }
      >
        {t(`status.${status}`)}
      </Menu.CheckboxItem>
    )
  })
}
