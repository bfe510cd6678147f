import { Text } from '@mantine/core'
import { queryOptions, useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { BatchLink } from '@/components/record-links'
import { RowSkeletons } from '@/components/row-skeletons'
import { Section } from '@/components/section'
import { StatusBadge } from '@/components/status'
import { Table } from '@/components/table'
import { WideTable } from '@/components/wide-table'
import { api, call, type Schemas } from '@/lib/api'
import { formatMoney } from '@/lib/format'
import { budgetsQuery, costsQuery, pricesQuery } from './api'
import { BudgetState } from './budget-state'
import { expectedCost } from './expected'
import { SumOf } from './sum-of'

const MOST = 25

const batchesQuery = (projectId: string) =>
  queryOptions({
    queryKey: ['batches', 'costs', projectId],
    queryFn: async () =>
      (await call(api.GET('/batches', { params: { query: { project_id: projectId, limit: MOST } } }))).items,
    meta: { live: { kinds: ['batches'], everyMs: 10_000 } },
  })

/** The newest batches of a project: what is expected of each, and what was paid. */
export function BatchCosts({ projectId }: { readonly projectId: string }) {
  const { t } = useTranslation('costs')
  const { data, error, isPending, refetch } = useQuery(batchesQuery(projectId))
  return (
    <Section title={t('batches.title')} description={t('batches.text')}>
      {error && <Failed error={error} onRetry={() => void refetch()} />}
      {isPending && <RowSkeletons />}
      {data?.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('batches.none')}
        </Text>
      )}
      {data && data.length > 0 && (
        <WideTable
          label={t('batches.title')}
          minWidth={680}
          columns={[
            { name: t('columns.batch') },
            { name: t('columns.state') },
            { name: t('columns.expected'), isNumber: true },
            { name: t('columns.paid'), isNumber: true },
            { name: t('columns.budget') },
          ]}
        >
          {data.map((batch) => (
            <BatchCost key={batch.id} batch={batch} />
          ))}
        </WideTable>
      )}
    </Section>
  )
}

function BatchCost({ batch }: { readonly batch: Schemas['Batch'] }) {
  const { data: costs } = useQuery(costsQuery('batch', batch.id))
  const { data: detail } = useQuery({
    queryKey: ['batches', 'stages', batch.id],
    queryFn: () => call(api.GET('/batches/{batch_id}', { params: { path: { batch_id: batch.id } } })),
  })
  const { data: prices } = useQuery(pricesQuery)
  const budget = useQuery(budgetsQuery).data?.find(({ scope_id }) => scope_id === batch.id)
  const expected = detail && prices && expectedCost(detail.stages, prices.stages)
  return (
    <Table.Tr className="figures">
      <Table.Th scope="row" fw={500} maw={280}>
        <BatchLink id={batch.id} inherit truncate display="block">
          #{batch.number} {batch.title}
        </BatchLink>
      </Table.Th>
      <Table.Td>
        <StatusBadge status={batch.paused_at ? 'paused' : batch.status} size="sm" />
      </Table.Td>
      <Table.Td ta="end">
        {expected === undefined || expected === null ? '–' : formatMoney(expected, prices?.currency ?? 'USD')}
      </Table.Td>
      <Table.Td ta="end" fw={600}>
        <SumOf costs={costs} />
      </Table.Td>
      <Table.Td>{budget ? <BudgetState budget={budget} /> : '–'}</Table.Td>
    </Table.Tr>
  )
}
