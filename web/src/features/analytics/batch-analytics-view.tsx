/** How the work went: outcomes, throughput, how long stages took, errors, costs, and the service levels. */

import { SimpleGrid, Stack } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { ChartFigure } from '@/components/chart-figure'
import { FigureCard } from '@/components/figure-card'
import type { Schemas } from '@/lib/api'
import {
  formatDate,
  formatDuration,
  formatMoney,
  formatNumber,
  formatPercent,
  formatTime,
} from '@/lib/format'
import type { Analytics } from './api'
import { Bars, COLORS, Ranking } from './lazy-charts'
import { ServiceLevels } from './service-levels'

const OUTCOMES = [
  { status: 'completed', color: COLORS.teal },
  { status: 'failed', color: COLORS.red },
  { status: 'cancelled', color: COLORS.gray },
  { status: 'processing', color: COLORS.blue },
  { status: 'pending', color: COLORS.orange },
] as const

export function BatchAnalyticsView({ data }: { readonly data: Analytics }) {
  const { t } = useTranslation('analytics')
  const { t: tApp } = useTranslation()
  const stageOf = (stage: string) => tApp(`stage.${stage as Schemas['Stage']}`)
  const { jobs } = data
  const outcomes = OUTCOMES.map(({ status, color }) => ({
    name: tApp(`status.${status}`),
    jobs: jobs[status] ?? 0,
    color,
  }))
  const stages = data.stages.map((stage) => ({ ...stage, name: stageOf(stage.stage) }))
  const timed = stages.filter(({ p95_ms }) => p95_ms !== null)
  const errors = data.errors.map((each) => ({ ...each, name: each.error_code }))
  const isHourly = data.throughput.some(({ start }) => !start.includes('T00:00:00'))
  const throughput = data.throughput.map((each) => ({
    ...each,
    name: isHourly ? formatTime(each.start, 'short') : formatDate(each.start),
  }))
  const currency = data.costs[0]?.currency ?? 'USD'
  const costs = costsByDay(data.costs)
  return (
    <Stack gap="lg">
      <SimpleGrid cols={{ base: 2, md: 4 }}>
        <FigureCard label={t('figures.jobs')} value={formatNumber(jobs.total ?? 0)} />
        <FigureCard
          label={t('figures.completion')}
          value={jobs.completion_rate == null ? '–' : formatPercent(jobs.completion_rate, 1)}
          hint={t('figures.completionHint')}
        />
        <FigureCard
          label={t('figures.failed')}
          value={formatNumber(jobs.failed ?? 0)}
          hint={t('figures.retried', { count: data.stages.reduce((sum, { retried }) => sum + retried, 0) })}
        />
        <FigureCard
          label={t('figures.reused')}
          value={formatNumber(data.stages.reduce((sum, { reused }) => sum + reused, 0))}
          hint={t('figures.reusedHint')}
        />
      </SimpleGrid>
      <ServiceLevels levels={data.service_levels} />
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <ChartFigure
          title={t('outcomes.title')}
          caption={t('outcomes.caption')}
          fileName="cliprow-outcomes"
          rows={(jobs.total ?? 0) > 0 ? outcomes : []}
          columns={[
            { name: t('columns.outcome'), read: ({ name }) => name },
            {
              name: t('columns.jobs'),
              isNumber: true,
              read: (row) => row.jobs,
              show: (row) => formatNumber(row.jobs),
            },
          ]}
          chart={
            <Ranking
              rows={outcomes}
              x="name"
              series={[{ key: 'jobs', name: t('columns.jobs'), color: COLORS.blue }]}
              format={formatNumber}
            />
          }
        />
        <ChartFigure
          title={t('throughput.title')}
          caption={isHourly ? t('throughput.hourly') : t('throughput.daily')}
          fileName="cliprow-throughput"
          rows={throughput}
          columns={[
            { name: t('columns.when'), read: ({ start }) => start, show: ({ name }) => name },
            { name: tApp('status.completed'), isNumber: true, read: ({ completed }) => completed },
            { name: tApp('status.failed'), isNumber: true, read: ({ failed }) => failed },
            { name: tApp('status.cancelled'), isNumber: true, read: ({ cancelled }) => cancelled },
          ]}
          chart={
            <Bars
              isStacked
              isWhole
              rows={throughput}
              x="name"
              series={[
                { key: 'completed', name: tApp('status.completed'), color: COLORS.teal },
                { key: 'failed', name: tApp('status.failed'), color: COLORS.red, pattern: 'stripes' },
                { key: 'cancelled', name: tApp('status.cancelled'), color: COLORS.gray, pattern: 'dots' },
              ]}
              format={formatNumber}
            />
          }
        />
        <ChartFigure
          title={t('times.title')}
          caption={t('times.caption')}
          fileName="cliprow-stage-times"
          rows={timed.length > 0 ? stages : []}
          columns={[
            { name: t('columns.stage'), read: ({ name }) => name },
            {
              name: t('columns.tasks'),
              isNumber: true,
              read: ({ tasks }) => tasks,
              show: ({ tasks }) => formatNumber(tasks),
            },
            {
              name: 'p50 (ms)',
              isNumber: true,
              read: ({ p50_ms }) => p50_ms,
              show: ({ p50_ms }) => shownMs(p50_ms),
            },
            {
              name: 'p95 (ms)',
              isNumber: true,
              read: ({ p95_ms }) => p95_ms,
              show: ({ p95_ms }) => shownMs(p95_ms),
            },
            { name: t('columns.retried'), isNumber: true, read: ({ retried }) => retried },
            { name: t('columns.failed'), isNumber: true, read: ({ failed }) => failed },
          ]}
          chart={
            <Bars
              rows={timed}
              x="name"
              series={[
                { key: 'p50_ms', name: 'p50', color: COLORS.blue },
                { key: 'p95_ms', name: 'p95', color: COLORS.orange, pattern: 'stripes' },
              ]}
              format={formatDuration}
            />
          }
        />
        <ChartFigure
          title={t('errors.title')}
          caption={t('errors.caption')}
          fileName="cliprow-errors"
          rows={errors}
          columns={[
            { name: t('columns.code'), read: ({ error_code }) => error_code },
            { name: t('columns.stage'), read: ({ stage }) => stage, show: ({ stage }) => stageOf(stage) },
            { name: t('columns.tasks'), isNumber: true, read: ({ tasks }) => tasks },
          ]}
          chart={
            <Ranking
              rows={errors.slice(0, 8)}
              x="name"
              series={[{ key: 'tasks', name: t('columns.tasks'), color: COLORS.red }]}
              format={formatNumber}
            />
          }
        />
      </SimpleGrid>
      <ChartFigure
        title={t('costs.title')}
        caption={t('costs.caption', { currency })}
        fileName="cliprow-costs"
        rows={data.costs}
        columns={[
          { name: t('columns.when'), read: ({ date }) => date, show: ({ date }) => formatDate(date) },
          { name: t('columns.provider'), read: ({ provider }) => provider || t('costs.byTask') },
          { name: t('columns.attempts'), isNumber: true, read: ({ attempts }) => attempts },
          {
            name: t('columns.amount'),
            isNumber: true,
            read: ({ amount }) => amount,
            show: (row) => formatMoney(row.amount, row.currency),
          },
        ]}
        chart={
          <Bars
            rows={costs}
            x="name"
            series={[{ key: 'amount', name: t('columns.amount'), color: COLORS.blue }]}
            format={(value) => formatMoney(value, currency)}
          />
        }
      />
    </Stack>
  )
}

const shownMs = (ms: number | null) => (ms === null ? '–' : formatDuration(ms))

/** The sum of each day, in the currency of the first. */
function costsByDay(costs: Analytics['costs']): { name: string; amount: number }[] {
  const sums = new Map<string, number>()
  for (const { date, amount, currency } of costs) {
    if (currency === costs[0]?.currency) sums.set(date, (sums.get(date) ?? 0) + amount)
  }
  return [...sums].map(([date, amount]) => ({ name: formatDate(date), amount }))
}
