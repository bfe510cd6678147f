import { Button, Card, Group, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { ButtonLink } from '@/components/links'
import { formatNumber } from '@/lib/format'

interface SelectionBarProps {
  readonly selected: ReadonlySet<string>
  readonly onClear: () => void
}

/** What can be done with the scenes that are chosen. */
export function SelectionBar({ selected, onClear }: SelectionBarProps) {
  const { t } = useTranslation('library')
  if (selected.size === 0) return null
  return (
    <Card shadow="md" padding="sm" style={{ position: 'sticky', bottom: 16, alignSelf: 'center' }}>
      <Group gap="sm">
        <Text size="sm" role="status">
          {t('selection.count', { count: selected.size, shown: formatNumber(selected.size) })}
        </Text>
        <Button variant="default" size="xs" onClick={onClear}>
          {t('selection.clear')}
        </Button>
        <ButtonLink size="xs" to="/batches/new" search={{ mode: 'many', items: [...selected].join(',') }}>
          {t('selection.use')}
        </ButtonLink>
      </Group>
    </Card>
  )
}
