import { Select, type SelectProps } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useProjectNames } from './project-names'

interface ProjectSelectProps extends Omit<SelectProps, 'data' | 'value' | 'onChange'> {
  readonly value: string | undefined
  readonly onChange: (projectId: string | undefined) => void
}

export function ProjectSelect({ value, onChange, ...rest }: ProjectSelectProps) {
  const { t } = useTranslation()
  const names = useProjectNames()
  return (
    <Select
      label={t('filters.project')}
      placeholder={t('filters.all')}
      searchable
      clearable
      clearButtonProps={{ 'aria-label': t('filters.clear') }}
      data={[...names].map(([id, label]) => ({ value: id, label }))}
      value={value ?? null}
      onChange={(id) => onChange(id ?? undefined)}
      {...rest}
    />
  )
}
