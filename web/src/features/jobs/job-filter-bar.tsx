/** Narrows the jobs of a batch: by words, platform, error and priority; and orders them. */

import { ActionIcon, Button, Group, Select } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconFilter } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { memo, type RefObject, useId } from 'react'
import { useTranslation } from 'react-i18next'
import { useFailureText } from '@/components/error-texts'
import { FilterText } from '@/components/filter-text'
import { platformsQuery } from '@/components/platform-names'
import { isNarrowed, JOB_ORDERS, type JobFilters, type JobOrder, LANES, type Lane } from './filters'
import classes from './job-filter-bar.module.css'
import { errorCodesQuery } from './queries'

interface JobFilterBarProps {
  readonly filters: JobFilters
  readonly searchRef: RefObject<HTMLInputElement | null>
  readonly onChange: (change: Partial<JobFilters>) => void
}

const NONE: JobFilters = {
  status: undefined,
  text: undefined,
  platform: undefined,
  error: undefined,
  lane: undefined,
  waits: undefined,
}

export const JobFilterBar = memo(function JobFilterBar({ filters, searchRef, onChange }: JobFilterBarProps) {
  const { t } = useTranslation('jobs')
  const app = (name: string) => t(name, { ns: 'app' })
  const platforms = useQuery(platformsQuery)
  const codes = useQuery(errorCodesQuery)
  const failureText = useFailureText()
  const id = useId()
  // On a phone they would push the list down; what narrows it is seen.
  const [isOpen, { toggle }] = useDisclosure(Boolean(filters.platform ?? filters.error ?? filters.lane))
  const clear = { 'aria-label': app('filters.clear') }
  return (
    <Group gap="xs" role="search" aria-label={t('filters.label')}>
      <FilterText
        ref={searchRef}
        flex="1 1 200px"
        aria-label={t('filters.text')}
        placeholder={t('filters.text')}
        value={filters.text}
        onChange={(text) => onChange({ text })}
        onKeyDown={(event) => {
          if (event.key === 'Escape') document.querySelector<HTMLElement>('[role=grid]')?.focus()
        }}
      />
      <ActionIcon
        variant="default"
        size={44}
        hiddenFrom="sm"
        aria-label={t('filters.more')}
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={toggle}
      >
        <IconFilter size={18} aria-hidden />
      </ActionIcon>
      <div id={id} className={classes.selects} data-open={isOpen}>
        <Select
          w={{ base: 'calc(50% - 5px)', sm: 150 }}
          aria-label={app('filters.platform')}
          placeholder={app('filters.platform')}
          clearable
          clearButtonProps={clear}
          data={platforms.data?.map(({ platform, label }) => ({ value: platform, label })) ?? []}
          value={filters.platform ?? null}
          onChange={(platform) => onChange({ platform: platform ?? undefined })}
        />
        <Select
          w={{ base: 'calc(50% - 5px)', sm: 210 }}
          aria-label={t('filters.error')}
          placeholder={t('filters.error')}
          searchable
          clearable
          clearButtonProps={clear}
          data={codes.data?.items.map(({ error_code, meaning }) => ({
            value: error_code,
            label: failureText({ error_code, error_message: meaning }).meaning,
          }))}
          comboboxProps={{ width: 320, position: 'bottom-start' }}
          value={filters.error ?? null}
          onChange={(error) => onChange({ error: error ?? undefined })}
        />
        <Select
          w={{ base: 'calc(50% - 5px)', sm: 130 }}
          aria-label={app('control.priority')}
          placeholder={app('control.priority')}
          clearable
          clearButtonProps={clear}
          data={LANES.map((value) => ({ value, label: app(`lane.${value}`) }))}
          value={filters.lane ?? null}
          onChange={(lane) => onChange({ lane: (lane as Lane | null) ?? undefined })}
        />
        <Select
          w={{ base: 'calc(50% - 5px)', sm: 170 }}
          aria-label={app('filters.order')}
          allowDeselect={false}
          data={JOB_ORDERS.map((value) => ({ value, label: t(`order.${value}`) }))}
          value={filters.order ?? 'position'}
          onChange={(order) =>
            onChange({ order: order === 'position' ? undefined : ((order as JobOrder | null) ?? undefined) })
          }
        />
      </div>
      {isNarrowed(filters) && (
        <Button variant="subtle" onClick={() => onChange(NONE)}>
          {app('filters.reset')}
        </Button>
      )}
    </Group>
  )
})
