/** A search field whose words are used when the typing rests. */

import { TextInput, type TextInputProps } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { useEffect, useState } from 'react'

interface FilterTextProps extends Omit<TextInputProps, 'value' | 'onChange'> {
  readonly value: string | undefined
  readonly onChange: (text: string | undefined) => void
}

export function FilterText({ value, onChange, ...rest }: FilterTextProps) {
  const [text, setText] = useState(value ?? '')
  // Another address, and not what was typed here.
  useEffect(() => setText((typed) => (typed.trim() === (value ?? '') ? typed : (value ?? ''))), [value])
  const tell = useDebouncedCallback((next: string) => onChange(next.trim() || undefined), 300)
  return (
    <TextInput
      type="search"
      leftSection={<IconSearch size={16} aria-hidden />}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value)
        tell(event.currentTarget.value)
      }}
      {...rest}
    />
  )
}
