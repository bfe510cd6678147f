import { Checkbox, Group, NativeSelect, SegmentedControl, Stack, TagsInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { FilterText } from '@/components/filter-text'
import { CATEGORIES, type Category, type LibraryFilter, ORDERS, type Order, tagsQuery } from './library'

interface LibraryFiltersProps {
  readonly filter: LibraryFilter
  readonly onChange: (filter: Partial<LibraryFilter>) => void
}

export function LibraryFilters({ filter, onChange }: LibraryFiltersProps) {
  const { t } = useTranslation('library')
  const { data: tags } = useQuery(tagsQuery)
  const categories = [
    { value: '', label: t('category.all') },
    ...CATEGORIES.map((value) => ({ value, label: t(`category.${value}`) })),
  ]
  const chooseCategory = (category: string) =>
    onChange({ category: (category || undefined) as Category | undefined })
  return (
    <Stack gap="sm">
      <Group align="flex-end" gap="sm">
        <FilterText
          label={t('filters.text')}
          value={filter.text}
          onChange={(text) => onChange({ text })}
          flex={2}
          miw={200}
        />
        <TagsInput
          label={t('filters.tags')}
          data={tags ?? []}
          value={filter.tags?.split(',') ?? []}
          onChange={(chosen) => onChange({ tags: chosen.join(',') || undefined })}
          flex={2}
          miw={200}
        />
        <NativeSelect
          label={t('order.label')}
          data={ORDERS.map((value) => ({ value, label: t(`order.${value}`) }))}
          value={filter.order ?? 'performance'}
          onChange={(event) => onChange({ order: event.currentTarget.value as Order })}
        />
        <NativeSelect
          hiddenFrom="sm"
          label={t('add.category')}
          data={categories}
          value={filter.category ?? ''}
          onChange={(event) => chooseCategory(event.currentTarget.value)}
        />
      </Group>
      <Group gap="md" justify="space-between">
        <SegmentedControl
          visibleFrom="sm"
          size="xs"
          aria-label={t('add.category')}
          data={categories}
          value={filter.category ?? ''}
          onChange={chooseCategory}
        />
        <Checkbox
          label={t('filters.shared')}
          checked={filter.shared ?? false}
          onChange={(event) => onChange({ shared: event.currentTarget.checked || undefined })}
        />
      </Group>
    </Stack>
  )
}
