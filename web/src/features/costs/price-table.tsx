import { Badge, Button, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { ProviderName } from '@/components/provider-name'
import { Table } from '@/components/table'
import { WideTable } from '@/components/wide-table'
import { formatDate, formatNumber } from '@/lib/format'
import { type Price, useSetPrice } from './api'

interface PriceTableProps {
  readonly prices: readonly Price[]
  readonly canChange: boolean
}

export function PriceTable({ prices, canChange }: PriceTableProps) {
  const { t } = useTranslation('costs')
  const { t: tApp } = useTranslation()
  const { mutateAsync: setPrice } = useSetPrice()
  const [removed, setRemoved] = useState<Price>()
  if (prices.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t('prices.none')}
      </Text>
    )
  }
  return (
    <>
      <WideTable
        label={t('prices.title')}
        minWidth={640}
        columns={[
          { name: t('columns.provider') },
          { name: t('columns.model') },
          { name: t('columns.unit') },
          { name: t('columns.price'), isNumber: true },
          { name: t('columns.since') },
          { name: '' },
        ]}
      >
        {prices.map((price) => (
          <Table.Tr key={`${price.provider} ${price.model} ${price.unit}`} className="figures">
            <Table.Th scope="row" fw={500}>
              <ProviderName provider={price.provider} />{' '}
              {price.is_own && <Badge ms={6}>{t('prices.own')}</Badge>}
            </Table.Th>
            <Table.Td>{price.model || t('prices.anyModel')}</Table.Td>
            <Table.Td>{t(`unit.${price.unit}`)}</Table.Td>
            <Table.Td ta="end">
              {price.amount === null
                ? '–'
                : formatNumber(price.amount, {
                    style: 'currency',
                    currency: price.currency,
                    maximumFractionDigits: 6,
                  })}
            </Table.Td>
            <Table.Td>{price.valid_from ? formatDate(price.valid_from) : '–'}</Table.Td>
            <Table.Td ta="end">
              {canChange && price.is_own && (
                <Button size="compact-sm" variant="subtle" color="red" onClick={() => setRemoved(price)}>
                  {t('budgets.remove')}
                </Button>
              )}
            </Table.Td>
          </Table.Tr>
        ))}
      </WideTable>
      {removed && (
        <ConfirmDialog
          title={t('prices.removeTitle')}
          confirm={tApp('actions.delete')}
          isDangerous
          onClose={() => setRemoved(undefined)}
          onConfirm={() =>
            setPrice({ provider: removed.provider, unit: removed.unit, model: removed.model, amount: null })
          }
        >
          {t('prices.removeText', { provider: removed.provider })}
        </ConfirmDialog>
      )}
    </>
  )
}
