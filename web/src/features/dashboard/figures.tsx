/** What waits, runs, ended today, how long videos take, and what they cost; as it is, each second. */

import { Progress, SimpleGrid } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { FigureCard } from '@/components/figure-card'
import type { Schemas } from '@/lib/api'
import { formatMoney, formatNumber, formatRoughDuration } from '@/lib/format'
import { summaryQuery } from './api'

type Summary = Schemas['Summary']

export function Figures() {
  const { t } = useTranslation('dashboard')
  const { data, error, refetch } = useQuery(summaryQuery)
  if (error && !data) return <Failed error={error} onRetry={() => void refetch()} />
  const p95 = data && (data.p95_hour_s ?? data.p95_day_s)
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, xl: 6 }} spacing="sm" aria-label={t('figures.label')} role="group">
      <FigureCard
        label={t('figures.queued')}
        value={data && formatNumber(data.queued_jobs)}
        hint={data && t('figures.batches', { count: data.open_batches })}
      />
      <FigureCard
        label={t('figures.running')}
        value={data && formatNumber(data.running_jobs)}
        hint={data && t('figures.slots', { busy: data.workers.busy_slots, slots: data.workers.slots })}
      />
      <FigureCard
        label={t('figures.done')}
        value={data && formatNumber(data.completed_today)}
        hint={t('figures.today')}
      />
      <FigureCard
        label={t('figures.failed')}
        value={data && formatNumber(data.failed_today)}
        hint={t('figures.today')}
        isBad={Boolean(data?.failed_today)}
      />
      <FigureCard
        label={t('figures.p95')}
        value={data && (p95 === null || p95 === undefined ? '–' : formatRoughDuration(p95 * 1_000))}
        hint={data && t(data.p95_hour_s === null ? 'figures.p95Day' : 'figures.p95Hour')}
      />
      <FigureCard
        label={t('figures.spent')}
        value={data && spentOf(data)}
        hint={data && <BudgetHint budget={data.budget} />}
      />
    </SimpleGrid>
  )
}

export function spentOf({ spent, budget }: Pick<Summary, 'spent' | 'budget'>): string {
  if (spent.length === 0) return formatMoney(0, budget?.currency ?? 'USD')
  return spent.map(({ amount, currency }) => formatMoney(amount, currency)).join(' + ')
}

function BudgetHint({ budget }: { readonly budget: Summary['budget'] }) {
  const { t } = useTranslation('dashboard')
  if (budget?.amount == null) return <>{t('figures.noBudget')}</>
  const text = t('figures.ofBudget', {
    amount: formatMoney(budget.amount, budget.currency),
    percent: budget.percent ?? 0,
  })
  return (
    <>
      {text}
      <Progress.Root size="xs" mt={4}>
        <Progress.Section
          value={Math.min(budget.percent ?? 0, 100)}
          color={budget.state === 'open' ? 'teal.8' : budget.state === 'warned' ? 'orange.8' : 'red.8'}
          aria-label={text}
        />
      </Progress.Root>
    </>
  )
}
