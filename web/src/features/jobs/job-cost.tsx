/** What a job has cost. */

import { Skeleton, Table, Text } from '@mantine/core'
import { IconCoins } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Empty } from '@/components/empty'
import { Failed } from '@/components/failed'
import { formatMoney, formatNumber } from '@/lib/format'
import { jobCostQuery } from './queries'

const UNITS = ['call_count', 'input_tokens', 'output_tokens', 'characters', 'seconds'] as const

export function JobCost({ jobId }: { readonly jobId: string }) {
  const { t } = useTranslation('jobs')
  const { data, error, refetch } = useQuery(jobCostQuery(jobId))
  if (error) return <Failed error={error} onRetry={() => void refetch()} />
  if (!data) return <Skeleton height={120} />
  if (data.costs.length === 0) {
    return (
      <Empty icon={IconCoins} title={t('cost.none')}>
        {t('cost.noneNext')}
      </Empty>
    )
  }
  return (
    <Table.ScrollContainer minWidth={560}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('cost.month')}</Table.Th>
            {UNITS.map((unit) => (
              <Table.Th key={unit} ta="end">
                {t(`cost.${unit}`)}
              </Table.Th>
            ))}
            <Table.Th ta="end">{t('cost.amount')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {data.costs.map((cost) => (
            <Table.Tr key={`${cost.month} ${cost.currency}`}>
              <Table.Td>{cost.month}</Table.Td>
              {UNITS.map((unit) => (
                <Table.Td key={unit} ta="end" className="figures">
                  {formatNumber(cost[unit] ?? 0)}
                </Table.Td>
              ))}
              <Table.Td ta="end">
                <Text fw={650} className="figures">
                  {formatMoney(cost.amount, cost.currency)}
                </Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
