import { NativeSelect, type NativeSelectProps } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useProjectNames } from './project-names'

interface ProjectSelectProps extends Omit<NativeSelectProps, 'data' | 'value' | 'onChange'> {
  readonly value: string | undefined
  readonly onChange: (projectId: string | undefined) => void
  /** What stands there while none is chosen. */
  readonly placeholder?: string
}

/** A project, or all; the browser's own list, which is light and good on phones. */
export function ProjectSelect({ value, onChange, placeholder, ...rest }: ProjectSelectProps) {
  const { t } = useTranslation()
  const names = useProjectNames()
  return (
    <NativeSelect
      label={t('filters.project')}
      data={[
        { value: '', label: placeholder ?? t('filters.all') },
        ...[...names].map(([id, label]) => ({ value: id, label })),
      ]}
      value={value ?? ''}
      onChange={(event) => onChange(event.currentTarget.value || undefined)}
      {...rest}
    />
  )
}
