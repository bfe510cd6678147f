import { Button, Text } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { usePlatformName } from '@/components/platform-names'
import { RowSkeletons } from '@/components/row-skeletons'
import { Section } from '@/components/section'
import { Table } from '@/components/table'
import { WideTable } from '@/components/wide-table'
import { formatNumber, formatPercent } from '@/lib/format'
import { saveCsv } from '@/lib/save'
import { contentQuery } from './api'
import type { AnalyticsSearch } from './search'

interface ContentRankingProps {
  readonly search: AnalyticsSearch
  readonly order: 'best' | 'worst'
}

/** The videos that did best or worst on each platform. */
export function ContentRanking({ search, order }: ContentRankingProps) {
  const { t } = useTranslation('analytics')
  const { t: tApp } = useTranslation()
  const { data, error, isPending, refetch } = useQuery(contentQuery(search, order))
  const nameOf = usePlatformName()
  const save = () =>
    void saveCsv(
      `cliprow-${order}-videos.csv`,
      ['topic', 'platform', 'views', 'likes', 'comments', 'shares', 'engagement_rate', 'score'],
      (data ?? []).map((row) => [
        row.topic || row.file_name,
        row.platform,
        row.views,
        row.likes,
        row.comments,
        row.shares,
        row.engagement_rate,
        row.score,
      ]),
    )
  return (
    <Section
      title={t(`content.${order}`)}
      actions={
        <Button
          size="compact-sm"
          variant="default"
          disabled={!data?.length}
          leftSection={<IconDownload size={14} aria-hidden />}
          aria-label={tApp('chart.csvOf', { title: t(`content.${order}`) })}
          onClick={save}
        >
          {tApp('chart.csv')}
        </Button>
      }
    >
      {error && <Failed error={error} onRetry={() => void refetch()} />}
      {isPending && <RowSkeletons />}
      {data?.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('content.none')}
        </Text>
      )}
      {data && data.length > 0 && (
        <WideTable
          label={t(`content.${order}`)}
          minWidth={460}
          columns={[
            { name: t('columns.video') },
            { name: t('content.views'), isNumber: true },
            { name: t('content.engagement'), isNumber: true },
            { name: t('content.score'), isNumber: true },
          ]}
        >
          {data.map((row) => (
            <Table.Tr key={`${row.content_id} ${row.platform}`} className="figures">
              <Table.Th scope="row" fw={500}>
                {row.topic || row.file_name}
                <Text size="xs" c="dimmed">
                  {nameOf(row.platform)}
                </Text>
              </Table.Th>
              <Table.Td ta="end">{formatNumber(row.views)}</Table.Td>
              <Table.Td ta="end">{formatPercent(row.engagement_rate, 1)}</Table.Td>
              <Table.Td ta="end">{formatNumber(row.score, { maximumFractionDigits: 1 })}</Table.Td>
            </Table.Tr>
          ))}
        </WideTable>
      )}
    </Section>
  )
}
