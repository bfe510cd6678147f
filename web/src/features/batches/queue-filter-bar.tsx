/** Narrows and orders the list of batches, and keeps views under a name. */

import { Button, Group, NativeSelect } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { DayInput } from '@/components/day-input'
import { FilterText } from '@/components/filter-text'
import { ProjectSelect } from '@/components/project-select'
import { isFiltered, QUEUE_ORDERS, type QueueFilters, type QueueOrder } from './queue-filters'
import { SavedViews } from './saved-views'
import { StatusMenu } from './status-menu'

interface QueueFilterBarProps {
  readonly filters: QueueFilters
  readonly isOfProject: boolean
  readonly onChange: (filters: QueueFilters) => void
}

const HALF = { base: 'calc(50% - 5px)' }
/** The word stands in the field, since the other fields of the bar have no labels above them either. */
const dayProps = {
  w: { ...HALF, sm: 178 },
  leftSectionWidth: 52,
  leftSectionProps: { style: { fontSize: 13 } },
}

export function QueueFilterBar({ filters, isOfProject, onChange }: QueueFilterBarProps) {
  const { t } = useTranslation('batches')
  const app = (name: string) => t(name, { ns: 'app' })
  const change = (next: QueueFilters) => onChange({ ...filters, ...next })
  return (
    <Group gap="xs" role="search" aria-label={t('queue.filters')} align="flex-end">
      <FilterText
        flex="1 1 150px"
        aria-label={t('queue.text')}
        placeholder={t('queue.text')}
        value={filters.text}
        onChange={(text) => change({ text })}
      />
      <StatusMenu
        chosen={filters.status ?? []}
        onChange={(status) => change({ status: status.length > 0 ? status : undefined })}
      />
      {!isOfProject && (
        <ProjectSelect
          w={{ base: '100%', sm: 155 }}
          label={undefined}
          aria-label={app('filters.project')}
          placeholder={app('filters.project')}
          value={filters.project}
          onChange={(project) => change({ project })}
        />
      )}
      <DayInput
        {...dayProps}
        leftSection={app('filters.from')}
        aria-label={t('queue.from')}
        value={filters.from}
        max={filters.to}
        onChange={(from) => change({ from })}
      />
      <DayInput
        {...dayProps}
        leftSection={app('filters.to')}
        aria-label={t('queue.to')}
        value={filters.to}
        min={filters.from}
        onChange={(to) => change({ to })}
      />
      <NativeSelect
        w={{ ...HALF, sm: 150 }}
        aria-label={app('filters.order')}
        data={QUEUE_ORDERS.map((value) => ({ value, label: t(`order.${value}`) }))}
        value={filters.order ?? 'newest'}
        onChange={({ currentTarget: { value } }) =>
          change({ order: value === 'newest' ? undefined : (value as QueueOrder) })
        }
      />
      <SavedViews filters={filters} isOfProject={isOfProject} onChoose={onChange} />
      {isFiltered(filters, isOfProject) && (
        <Button
          variant="subtle"
          onClick={() =>
            onChange({ order: filters.order, project: isOfProject ? filters.project : undefined })
          }
        >
          {app('filters.reset')}
        </Button>
      )}
    </Group>
  )
}
