import { SegmentedControl, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { useProjectNames } from '@/components/project-names'
import { RowSkeletons } from '@/components/row-skeletons'
import { Section } from '@/components/section'
import { Table } from '@/components/table'
import { WideTable } from '@/components/wide-table'
import {
  formatBytes,
  formatDate,
  formatDuration,
  formatMoney,
  formatNumber,
  formatPercent,
} from '@/lib/format'
import { cacheQuery } from './api'

const GROUPS = ['stage', 'project', 'day'] as const

export function CacheStatistics() {
  const { t } = useTranslation('operations')
  const { t: tApp } = useTranslation()
  const [by, setBy] = useState<(typeof GROUPS)[number]>('stage')
  const { data, error, isPending, refetch } = useQuery(cacheQuery(by))
  const projects = useProjectNames()
  const nameOf = (value: string) => {
    if (by === 'stage') return tApp(`stage.${value as 'audio_generation'}`)
    return by === 'day' ? formatDate(value) : (projects.get(value) ?? value)
  }
  return (
    <Section
      title={t('cache.title')}
      description={t('cache.text')}
      actions={
        <SegmentedControl
          size="xs"
          aria-label={t('cache.by')}
          data={GROUPS.map((value) => ({ value, label: t(`cache.group.${value}`) }))}
          value={by}
          onChange={(value) => setBy(value as typeof by)}
        />
      }
    >
      {error && <Failed error={error} onRetry={() => void refetch()} />}
      {isPending && <RowSkeletons />}
      {data?.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('cache.none')}
        </Text>
      )}
      {data && data.length > 0 && (
        <WideTable
          label={t('cache.title')}
          minWidth={640}
          columns={[
            { name: t(`cache.group.${by}`) },
            { name: t('cache.hits'), isNumber: true },
            { name: t('cache.misses'), isNumber: true },
            { name: t('cache.rate'), isNumber: true },
            { name: t('cache.time'), isNumber: true },
            { name: t('cache.bytes'), isNumber: true },
            { name: t('cache.money'), isNumber: true },
          ]}
        >
          {data.map((row) => (
            <Table.Tr key={row.value} className="figures">
              <Table.Th scope="row" fw={500}>
                {nameOf(row.value)}
              </Table.Th>
              <Table.Td ta="end">{formatNumber(row.hits)}</Table.Td>
              <Table.Td ta="end">{formatNumber(row.misses)}</Table.Td>
              <Table.Td ta="end">{formatPercent(row.hit_rate)}</Table.Td>
              <Table.Td ta="end">{formatDuration(row.seconds_saved * 1_000)}</Table.Td>
              <Table.Td ta="end">{formatBytes(row.bytes_saved)}</Table.Td>
              <Table.Td ta="end">{formatMoney(row.cost_saved, row.currency)}</Table.Td>
            </Table.Tr>
          ))}
        </WideTable>
      )}
    </Section>
  )
}
