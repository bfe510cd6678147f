import { Autocomplete } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { api, call } from '@/lib/api'

interface ProviderFieldProps {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly error?: ReactNode
  readonly isFixed?: boolean
}

/** A provider: one of those that stages ask and that have prices; or another, by the name that workers give it. */
export function ProviderField({ label, value, onChange, error, isFixed }: ProviderFieldProps) {
  const { t } = useTranslation()
  const { data } = useQuery({
    queryKey: ['prices'],
    queryFn: () => call(api.GET('/prices')),
    select: ({ stages, prices }) =>
      [...new Set([...stages, ...prices].flatMap((each) => each.provider || []))].sort(),
  })
  return (
    <Autocomplete
      label={label}
      description={isFixed ? undefined : t('providerHint')}
      placeholder="openai"
      required
      data-autofocus={!isFixed || undefined}
      disabled={isFixed}
      maxLength={100}
      data={data ?? []}
      renderOption={({ option: { value: id } }) => {
        const name = t(`provider.${id}`, id)
        // In the colour of the option, which is another where it is chosen.
        return name === id ? id : `${name} (${id})`
      }}
      value={value}
      error={error}
      onChange={(next) => onChange(next.trim().toLowerCase())}
    />
  )
}
