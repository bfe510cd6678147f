import { Button, Group, MultiSelect, Select, SimpleGrid, TextInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { DayInput } from '@/components/day-input'
import { FilterText } from '@/components/filter-text'
import { PlatformSelect } from '@/components/platform-select'
import { ProjectSelect } from '@/components/project-select'
import type { JobStatus } from '@/components/status'
import { type HistoryFilter, ORDERS, STATUSES } from './filter'

interface FiltersProps {
  readonly filter: HistoryFilter
  readonly onChange: (change: Partial<HistoryFilter>) => void
  readonly onReset: () => void
}

export function HistoryFilters({ filter, onChange, onReset }: FiltersProps) {
  const { t } = useTranslation('history')
  const { t: tApp } = useTranslation()
  return (
    <SimpleGrid cols={{ base: 2, md: 4 }} spacing="sm" role="search" aria-label={t('filters')}>
      <FilterText
        label={tApp('filters.text')}
        placeholder={t('textPlaceholder')}
        value={filter.text}
        onChange={(text) => onChange({ text })}
      />
      <MultiSelect
        label={tApp('filters.status')}
        placeholder={filter.status ? undefined : tApp('filters.all')}
        clearable
        clearButtonProps={{ 'aria-label': tApp('filters.clear') }}
        data={STATUSES.map((value) => ({ value, label: tApp(`status.${value}`) }))}
        value={filter.status ?? []}
        onChange={(status) => onChange({ status: status.length > 0 ? (status as JobStatus[]) : undefined })}
      />
      <ProjectSelect value={filter.project} onChange={(project) => onChange({ project })} />
      <PlatformSelect value={filter.platform} onChange={(platform) => onChange({ platform })} />
      <DayInput
        label={tApp('filters.from')}
        max={filter.to}
        value={filter.from}
        onChange={(from) => onChange({ from })}
      />
      <DayInput
        label={tApp('filters.to')}
        min={filter.from}
        value={filter.to}
        onChange={(to) => onChange({ to })}
      />
      <Select
        label={tApp('filters.order')}
        allowDeselect={false}
        data={ORDERS.map((value) => ({ value, label: t(`order.${value}`) }))}
        value={filter.order ?? 'newest'}
        onChange={(order) => onChange({ order: ORDERS.find((each) => each === order && each !== 'newest') })}
      />
      <Group align="flex-end" wrap="nowrap" gap="xs">
        {filter.waits && (
          <TextInput label={t('waits')} value={tApp('status.waiting')} readOnly style={{ flex: 1 }} />
        )}
        {filter.code && <TextInput label={t('code')} value={filter.code} readOnly style={{ flex: 1 }} />}
        <Button
          variant="subtle"
          px="xs"
          flex="1 0 auto"
          disabled={Object.keys(filter).length === 0}
          onClick={onReset}
        >
          {tApp('filters.reset')}
        </Button>
      </Group>
    </SimpleGrid>
  )
}
