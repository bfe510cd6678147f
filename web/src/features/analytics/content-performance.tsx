/** How published videos did: by platform, day by day, and the best and the worst. */

import { NativeSelect, SimpleGrid, Stack } from '@mantine/core'
import { IconChartBarOff } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { ChartFigure } from '@/components/chart-figure'
import { Empty } from '@/components/empty'
import { FigureCard } from '@/components/figure-card'
import { usePlatformName } from '@/components/platform-names'
import { formatDate, formatDuration, formatNumber, formatPercent } from '@/lib/format'
import type { Analytics } from './api'
import { ContentRanking } from './content-ranking'
import { Bars, COLORS } from './lazy-charts'
import type { AnalyticsSearch } from './search'

interface ContentPerformanceProps {
  readonly data: Analytics
  readonly search: AnalyticsSearch
  readonly onChange: (part: Partial<AnalyticsSearch>) => void
}

export function ContentPerformance({ data, search, onChange }: ContentPerformanceProps) {
  const { t } = useTranslation('analytics')
  const { t: tApp } = useTranslation()
  const nameOf = usePlatformName()
  const { views, likes, comments, shares, saves, watch_time_s, engagement_rate } = data.engagement
  const platforms = data.by_platform.map((row) => ({ ...row, name: nameOf(row.platform) }))
  const days = data.by_day.map((row) => ({ ...row, name: formatDate(row.date) }))
  if (platforms.length === 0) {
    return (
      <Empty icon={IconChartBarOff} title={t('content.empty')}>
        {t('content.emptyText')}
      </Empty>
    )
  }
  const count = (value: number | undefined) => formatNumber(value ?? 0)
  const compact = (value: number) => formatNumber(value, { notation: 'compact' })
  return (
    <Stack gap="lg">
      <SimpleGrid cols={{ base: 2, md: 4 }}>
        <FigureCard label={t('content.views')} value={count(views)} />
        <FigureCard
          label={t('content.engagement')}
          value={formatPercent(engagement_rate ?? 0, 1)}
          hint={t('content.engagementHint')}
        />
        <FigureCard label={t('content.watch')} value={formatDuration((watch_time_s ?? 0) * 1_000)} />
        <FigureCard
          label={t('content.reactions')}
          value={count((likes ?? 0) + (comments ?? 0) + (shares ?? 0) + (saves ?? 0))}
          hint={t('content.reactionsHint')}
        />
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <ChartFigure
          title={t('content.byPlatform')}
          fileName="cliprow-platforms"
          rows={platforms}
          columns={[
            { name: tApp('filters.platform'), read: ({ name }) => name },
            {
              name: t('content.views'),
              isNumber: true,
              read: (row) => row.views,
              show: (row) => count(row.views),
            },
            {
              name: t('content.likes'),
              isNumber: true,
              read: (row) => row.likes,
              show: (row) => count(row.likes),
            },
            { name: t('content.comments'), isNumber: true, read: (row) => row.comments },
            { name: t('content.shares'), isNumber: true, read: (row) => row.shares },
            {
              name: t('content.engagement'),
              isNumber: true,
              read: (row) => row.engagement_rate,
              show: (row) => formatPercent(row.engagement_rate ?? 0, 1),
            },
          ]}
          chart={
            <Bars
              isWhole
              rows={platforms}
              x="name"
              series={[{ key: 'views', name: t('content.views'), color: COLORS.blue }]}
              format={compact}
            />
          }
        />
        <ChartFigure
          title={t('content.byDay')}
          fileName="cliprow-days"
          rows={days}
          columns={[
            { name: t('columns.when'), read: ({ date }) => date, show: ({ name }) => name },
            {
              name: t('content.views'),
              isNumber: true,
              read: (row) => row.views,
              show: (row) => count(row.views),
            },
            { name: t('content.likes'), isNumber: true, read: (row) => row.likes },
            {
              name: t('content.engagement'),
              isNumber: true,
              read: (row) => row.engagement_rate,
              show: (row) => formatPercent(row.engagement_rate ?? 0, 1),
            },
          ]}
          chart={
            <Bars
              isWhole
              rows={days}
              x="name"
              series={[
                { key: 'views', name: t('content.views'), color: COLORS.blue },
                { key: 'likes', name: t('content.likes'), color: COLORS.orange, pattern: 'stripes' },
              ]}
              format={compact}
            />
          }
        />
      </SimpleGrid>
      <NativeSelect
        label={t('content.by')}
        maw={240}
        data={(['score', 'views', 'engagement'] as const).map((value) => ({
          value,
          label: t(`content.measure.${value}`),
        }))}
        value={search.by ?? 'score'}
        onChange={({ currentTarget: { value } }) =>
          onChange({ by: value === 'views' || value === 'engagement' ? value : undefined })
        }
      />
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <ContentRanking search={search} order="best" />
        <ContentRanking search={search} order="worst" />
      </SimpleGrid>
    </Stack>
  )
}
