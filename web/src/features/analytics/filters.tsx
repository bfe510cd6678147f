import { NativeSelect, SimpleGrid } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { DayInput } from '@/components/day-input'
import { PlatformSelect } from '@/components/platform-select'
import { ProjectSelect } from '@/components/project-select'
import { api, call } from '@/lib/api'
import { type AnalyticsSearch, daysOf, RANGES } from './search'

interface FiltersProps {
  readonly search: AnalyticsSearch
  readonly onChange: (part: Partial<AnalyticsSearch>) => void
}

export function AnalyticsFilters({ search, onChange }: FiltersProps) {
  const { t } = useTranslation('analytics')
  const { t: tApp } = useTranslation()
  const days = daysOf(search)
  const isOwn = Boolean(search.from || search.to)
  const batches = useQuery({
    queryKey: ['batches', 'choice', search.project ?? null],
    queryFn: async () =>
      (await call(api.GET('/batches', { params: { query: { project_id: search.project, limit: 100 } } })))
        .items,
  })
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }} spacing="sm">
      <NativeSelect
        label={t('range.label')}
        data={[
          ...RANGES.map((value) => ({ value: value as string, label: t(`range.${value}`) })),
          ...(isOwn ? [{ value: 'own', label: t('range.own') }] : []),
        ]}
        value={isOwn ? 'own' : (search.range ?? '30d')}
        onChange={({ currentTarget: { value } }) => {
          if (value === 'own') return
          onChange({
            range: RANGES.find((each) => each === value && each !== '30d'),
            from: undefined,
            to: undefined,
          })
        }}
      />
      <DayInput
        label={tApp('filters.from')}
        value={days.from}
        max={days.to}
        onChange={(from) => onChange({ from: from ?? days.from, to: days.to, range: undefined })}
      />
      <DayInput
        label={tApp('filters.to')}
        value={days.to}
        min={days.from}
        onChange={(to) => onChange({ from: days.from, to: to ?? days.to, range: undefined })}
      />
      <ProjectSelect value={search.project} onChange={(project) => onChange({ project, batch: undefined })} />
      <NativeSelect
        label={t('batch')}
        data={[
          { value: '', label: tApp('filters.all') },
          ...(batches.data ?? []).map(({ id, number, title }) => ({
            value: id,
            label: `#${number} ${title}`,
          })),
        ]}
        value={search.batch ?? ''}
        onChange={(event) => onChange({ batch: event.currentTarget.value || undefined })}
      />
      <PlatformSelect value={search.platform} onChange={(platform) => onChange({ platform })} />
    </SimpleGrid>
  )
}
