/** How many jobs are shown and selected, and what can be done to the selection at once. */

import { Button, CloseButton, Group, Menu, Text } from '@mantine/core'
import { IconBan, IconChevronDown, IconPlayerPause, IconPlayerPlay, IconRefresh } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatNumber } from '@/lib/format'
import classes from './bulk-bar.module.css'
import { BulkDialog } from './bulk-dialog'
import type { JobsAction, JobTarget } from './commands'
import { isNarrowed, type JobFilters, LANES } from './filters'
import { queryOf } from './queries'
import { countOf, type Selection } from './selection'

interface BulkBarProps {
  readonly batchId: string
  readonly filters: JobFilters
  /** Jobs that match. */
  readonly total: number
  readonly selection: Selection
  readonly isControlled: boolean
  readonly onSelectAll: () => void
  readonly onClear: () => void
}

export type BulkAction = Pick<JobsAction, 'action' | 'priority' | 'now'>

export function BulkBar(props: BulkBarProps) {
  const { batchId, filters, total, selection, isControlled, onSelectAll, onClear } = props
  const { t } = useTranslation('jobs')
  const [asked, setAsked] = useState<BulkAction | null>(null)
  const count = countOf(selection, total)
  const target: JobTarget = selection.all
    ? { filter: queryOf(batchId, filters) }
    : { job_ids: [...selection.ids] }
  return (
    <Group className={classes.bar} gap="xs" data-selected={count > 0}>
      <Text size="sm" fw={count > 0 ? 600 : 400} className="figures" role="status">
        {count > 0
          ? t('bulk.selected', { count, number: formatNumber(count) })
          : t(isNarrowed(filters) ? 'bulk.matching' : 'bulk.total', {
              count: total,
              number: formatNumber(total),
            })}
      </Text>
      {count > 0 && (
        <CloseButton size="sm" title={t('bulk.clear')} aria-label={t('bulk.clear')} onClick={onClear} />
      )}
      {isControlled && !selection.all && (
        <Button variant="subtle" size="compact-sm" onClick={onSelectAll}>
          {t('bulk.selectAll', { number: formatNumber(total) })}
        </Button>
      )}
      {count > 0 && isControlled && <BulkButtons onAsk={setAsked} />}
      {asked && (
        <BulkDialog
          action={asked}
          target={target}
          onDone={() => {
            setAsked(null)
            onClear()
          }}
          onClose={() => setAsked(null)}
        />
      )}
    </Group>
  )
}

function BulkButtons({ onAsk }: { readonly onAsk: (action: BulkAction) => void }) {
  const { t } = useTranslation()
  const buttons = [
    { action: 'pause', icon: IconPlayerPause },
    { action: 'resume', icon: IconPlayerPlay },
    { action: 'retry', icon: IconRefresh },
    { action: 'cancel', icon: IconBan },
  ] as const
  return (
    <Group gap={6} className={classes.buttons}>
      {buttons.map(({ action, icon: IconOf }) => (
        <Button
          key={action}
          size="compact-sm"
          variant="default"
          leftSection={<IconOf size={14} aria-hidden />}
          onClick={() => onAsk({ action })}
        >
          {t(action === 'cancel' ? 'actions.cancel' : `control.${action}`)}
        </Button>
      ))}
      <Menu position="bottom-end">
        <Menu.Target>
          <Button
            size="compact-sm"
            variant="default"
            rightSection={<IconChevronDown size={14} aria-hidden />}
          >
            {t('control.priority')}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {LANES.map((lane) => (
            <Menu.Item key={lane} onClick={() => onAsk({ action: 'priority', priority: lane })}>
              {t(`lane.${lane}`)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </Group>
  )
}
