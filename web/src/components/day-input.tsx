/** A day in the browser's own picker. */

import { TextInput, type TextInputProps } from '@mantine/core'

interface DayInputProps extends Omit<TextInputProps, 'type' | 'value' | 'onChange'> {
  /** Like `2026-11-29`. */
  readonly value: string | undefined
  readonly onChange: (day: string | undefined) => void
}

export function DayInput({ value, onChange, ...rest }: DayInputProps) {
  return (
    <TextInput
      type="date"
      value={value ?? ''}
      onChange={(event) => onChange(event.currentTarget.value || undefined)}
      {...rest}
    />
  )
}
