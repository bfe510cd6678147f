import { Group, Text } from '@mantine/core'
import { IconChartBar, IconClock, IconRepeat } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { formatDuration, formatNumber } from '@/lib/format'
import type { LibraryItem } from './library'

/** How long a scene is, how often it was used, how well it did. */
export function SceneFigures({ item }: { readonly item: LibraryItem }) {
  const { t } = useTranslation('library')
  const score = formatNumber(item.performance_score, { maximumFractionDigits: 2 })
  return (
    <Group gap="md" mt={4} c="dimmed" className="figures">
      <Group gap={4} wrap="nowrap">
        <IconClock size={14} aria-hidden />
        <Text size="xs">{formatDuration(item.duration_ms ?? item.duration * 1000)}</Text>
      </Group>
      <Group gap={4} wrap="nowrap">
        <IconRepeat size={14} aria-hidden />
        <Text size="xs">
          {t('card.used', { count: item.usage_count, shown: formatNumber(item.usage_count) })}
        </Text>
      </Group>
      {item.performance_score > 0 && (
        <Group gap={4} wrap="nowrap">
          <IconChartBar size={14} aria-hidden />
          <Text size="xs">{t('card.score', { score })}</Text>
        </Group>
      )}
    </Group>
  )
}
