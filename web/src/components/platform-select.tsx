import { NativeSelect, type NativeSelectProps } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { platformsQuery } from './platform-names'

interface PlatformSelectProps extends Omit<NativeSelectProps, 'data' | 'value' | 'onChange'> {
  readonly value: string | undefined
  readonly onChange: (platform: string | undefined) => void
}

export function PlatformSelect({ value, onChange, ...rest }: PlatformSelectProps) {
  const { t } = useTranslation()
  const { data } = useQuery(platformsQuery)
  return (
    <NativeSelect
      label={t('filters.platform')}
      data={[
        { value: '', label: t('filters.all') },
        ...(data ?? []).map(({ platform, label }) => ({ value: platform, label })),
      ]}
      value={value ?? ''}
      onChange={(event) => onChange(event.currentTarget.value || undefined)}
      {...rest}
    />
  )
}
