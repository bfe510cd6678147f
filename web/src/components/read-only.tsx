import { Group, Text } from '@mantine/core'
import { IconLock } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { useIs } from '@/lib/me'

/** Stands where others have buttons, and says why they are not here. */
export function ReadOnly() {
  const { t } = useTranslation()
  const isEditor = useIs('editor')
  return (
    <Group gap={6} c="dimmed" wrap="nowrap" align="flex-start" maw={340}>
      <IconLock size={16} aria-hidden style={{ flex: 'none', marginBlockStart: 2 }} />
      <Text size="sm">{t(isEditor ? 'readOnly.editor' : 'readOnly.viewer')}</Text>
    </Group>
  )
}
