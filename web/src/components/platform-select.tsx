import { Select, type SelectProps } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { platformsQuery } from './platform-names'

interface PlatformSelectProps extends Omit<SelectProps, 'data' | 'value' | 'onChange'> {
  readonly value: string | undefined
  readonly onChange: (platform: string | undefined) => void
}

export function PlatformSelect({ value, onChange, ...rest }: PlatformSelectProps) {
  const { t } = useTranslation()
  const { data } = useQuery(platformsQuery)
  return (
    <Select
      label={t('filters.platform')}
      placeholder={t('filters.all')}
      clearable
      clearButtonProps={{ 'aria-label': t('filters.clear') }}
      data={(data ?? []).map(({ platform, label }) => ({ value: platform, label }))}
      value={value ?? null}
      onChange={(platform) => onChange(platform ?? undefined)}
      {...rest}
    />
  )
}
