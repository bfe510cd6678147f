/** Jobs by state; a click narrows the list to it, and a second one widens it again. */

import { Group, Text, UnstyledButton } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { type JobStatus, STATUS_LOOK } from '@/components/status'
import { JOB_STATUSES } from '@/features/jobs/filters'
import { formatNumber } from '@/lib/format'
import type { BatchRow } from '@/lib/rows'
import classes from './status-counts.module.css'

interface StatusCountsProps {
  readonly batch: BatchRow
  readonly status: readonly JobStatus[] | undefined
  readonly onStatus: (status: readonly JobStatus[] | undefined) => void
}

export function StatusCounts({ batch, status, onStatus }: StatusCountsProps) {
  const { t } = useTranslation()
  const chosen = status ?? []
  const toggle = (each: JobStatus) => {
    const next = chosen.includes(each) ? chosen.filter((other) => other !== each) : [...chosen, each]
    onStatus(next.length > 0 ? next : undefined)
  }
  return (
    <Group gap="xs" role="group" aria-label={t('filters.status')}>
      {JOB_STATUSES.map((each) => {
        const { icon: IconOf } = STATUS_LOOK[each]
        const count = batch[`${each}_count`]
        return (
          <UnstyledButton
            key={each}
            className={classes.count}
            data-status={each}
            data-none={count === 0}
            aria-pressed={chosen.includes(each)}
            onClick={() => toggle(each)}
          >
            <IconOf size={16} aria-hidden />
            <Text span fw={650} className="figures">
              {formatNumber(count)}
            </Text>
            <Text span size="sm">
              {t(`status.${each}`)}
            </Text>
          </UnstyledButton>
        )
      })}
    </Group>
  )
}
