/** What was paid, by month, project and batch, beside what is expected. */

import { Button, Group, SimpleGrid, Stack, Text } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { FigureCard } from '@/components/figure-card'
import { ProjectSelect } from '@/components/project-select'
import { RowSkeletons } from '@/components/row-skeletons'
import { Section } from '@/components/section'
import { formatMoney, formatNumber } from '@/lib/format'
import { saveCsv } from '@/lib/save'
import { budgetsQuery, costsQuery, type MonthCost } from './api'
import { BatchCosts } from './batch-costs'
import { MonthTable } from './month-table'
import { ProjectCosts } from './project-costs'

interface SpendingProps {
  readonly project: string | undefined
  readonly onProject: (id: string | undefined) => void
}

export function Spending({ project, onProject }: SpendingProps) {
  const { t } = useTranslation('costs')
  const { t: tApp } = useTranslation()
  const costs = useQuery(project ? costsQuery('project', project) : costsQuery('tenant'))
  const rows = costs.data ?? []
  return (
    <Stack gap="lg">
      <Group align="flex-end">
        <ProjectSelect value={project} onChange={onProject} placeholder={t('spending.team')} w={280} />
      </Group>
      {costs.error && <Failed error={costs.error} onRetry={() => void costs.refetch()} />}
      <Totals rows={costs.data} project={project} />
      <Section
        title={t('spending.months')}
        description={t('spending.monthsText')}
        actions={
          <Button
            variant="default"
            size="xs"
            disabled={rows.length === 0}
            leftSection={<IconDownload size={14} aria-hidden />}
            onClick={() =>
              void saveCsv(
                'cliprow-costs.csv',
                [
                  'month',
                  'amount',
                  'currency',
                  'calls',
                  'input_tokens',
                  'output_tokens',
                  'characters',
                  'seconds',
                ],
                rows.map((row) => [
                  row.month,
                  row.amount,
                  row.currency,
                  row.call_count,
                  row.input_tokens,
                  row.output_tokens,
                  row.characters,
                  row.seconds,
                ]),
              )
            }
          >
            {tApp('chart.csv')}
          </Button>
        }
      >
        {costs.isPending ? <RowSkeletons count={3} /> : <MonthTable rows={rows} />}
      </Section>
      {project ? <BatchCosts projectId={project} /> : <ProjectCosts onProject={onProject} />}
    </Stack>
  )
}

function Totals({
  rows,
  project,
}: {
  readonly rows: readonly MonthCost[] | undefined
  readonly project: string | undefined
}) {
  const { t } = useTranslation('costs')
  const budgets = useQuery(budgetsQuery)
  const month = new Date().toISOString().slice(0, 7)
  const budget = budgets.data?.find(({ scope, scope_id }) =>
    project ? scope_id === project : scope === 'tenant',
  )
  const currency = rows?.[0]?.currency ?? budget?.currency ?? 'USD'
  const paid = rows?.filter((row) => row.month.startsWith(month)) ?? []
  const sum = (list: readonly MonthCost[]) =>
    list.filter((row) => row.currency === currency).reduce((all, row) => all + row.amount, 0)
  return (
    <SimpleGrid cols={{ base: 2, md: 4 }}>
      <FigureCard
        label={t('spending.thisMonth')}
        value={rows && formatMoney(sum(paid), currency)}
        hint={t('spending.utc')}
      />
      <FigureCard label={t('spending.ever')} value={rows && formatMoney(sum(rows), currency)} />
      <FigureCard
        label={t('spending.calls')}
        value={rows && formatNumber(rows.reduce((all, row) => all + (row.call_count ?? 0), 0))}
        hint={t('spending.callsHint')}
      />
      <FigureCard
        label={t('spending.budget')}
        value={
          budgets.data &&
          (budget?.amount != null ? formatMoney(budget.amount, budget.currency) : t('spending.none'))
        }
        hint={
          budget?.percent != null && (
            <Text size="xs" c="dimmed">
              {t('spending.used', { percent: budget.percent })}
            </Text>
          )
        }
      />
    </SimpleGrid>
  )
}
