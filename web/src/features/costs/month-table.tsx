import { Box, Progress, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Table } from '@/components/table'
import { WideTable } from '@/components/wide-table'
import { formatDuration, formatMoney, formatNumber, readerLanguage } from '@/lib/format'
import type { MonthCost } from './api'

export function MonthTable({ rows }: { readonly rows: readonly MonthCost[] }) {
  const { t } = useTranslation('costs')
  if (rows.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t('spending.nothing')}
      </Text>
    )
  }
  const most = Math.max(...rows.map(({ amount }) => amount))
  const monthOf = (iso: string) =>
    new Intl.DateTimeFormat(readerLanguage(), {
      month: 'long',
      year: 'numeric',
      timeZone: 'UTC',
    }).format(new Date(iso))
  return (
    <WideTable
      label={t('spending.months')}
      minWidth={720}
      columns={[
        { name: t('columns.month') },
        { name: '' },
        { name: t('columns.amount'), isNumber: true },
        { name: t('columns.calls'), isNumber: true },
        { name: t('columns.tokens'), isNumber: true },
        { name: t('columns.characters'), isNumber: true },
        { name: t('columns.seconds'), isNumber: true },
      ]}
    >
      {rows.map((row) => (
        <Table.Tr key={`${row.month} ${row.currency}`} className="figures">
          <Table.Th scope="row" fw={500}>
            {monthOf(row.month)}
          </Table.Th>
          <Table.Td w="24%">
            <Box aria-hidden>
              <Progress value={most > 0 ? (row.amount / most) * 100 : 0} size="sm" />
            </Box>
          </Table.Td>
          <Table.Td ta="end" fw={600}>
            {formatMoney(row.amount, row.currency)}
          </Table.Td>
          <Table.Td ta="end">{formatNumber(row.call_count ?? 0)}</Table.Td>
          <Table.Td ta="end">
            {formatNumber(row.input_tokens ?? 0)} / {formatNumber(row.output_tokens ?? 0)}
          </Table.Td>
          <Table.Td ta="end">{formatNumber(row.characters ?? 0)}</Table.Td>
          <Table.Td ta="end">{formatDuration((row.seconds ?? 0) * 1_000)}</Table.Td>
        </Table.Tr>
      ))}
    </WideTable>
  )
}
