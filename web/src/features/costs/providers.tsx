/** Which provider runs which stage, what each charges, and what the same video would cost at each. */

import { Badge, Button, Group, NumberInput, SimpleGrid, Stack, Text } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { ProviderName } from '@/components/provider-name'
import { RowSkeletons } from '@/components/row-skeletons'
import { Section } from '@/components/section'
import { Table } from '@/components/table'
import { WideTable } from '@/components/wide-table'
import type { Schemas } from '@/lib/api'
import { formatMoney } from '@/lib/format'
import { useIs } from '@/lib/me'
import { pricesQuery } from './api'
import { compareOffers, type Unit, type Usage } from './comparison'
import { PriceDialog } from './price-dialog'
import { PriceTable } from './price-table'

const UNITS: readonly Unit[] = ['call', '1k_input_tokens', '1k_output_tokens', 'character', 'second']
/** About what a video of a minute takes. */
const USUAL: Usage = { call: 1, '1k_input_tokens': 1.5, '1k_output_tokens': 1, character: 900, second: 60 }

export function Providers() {
  const { t } = useTranslation('costs')
  const isAdmin = useIs('admin')
  const { data, error, isPending, refetch } = useQuery(pricesQuery)
  const [isAdding, setAdding] = useState(false)
  return (
    <Stack gap="lg">
      {error && <Failed error={error} onRetry={() => void refetch()} />}
      {isPending && <RowSkeletons count={5} />}
      {data && (
        <>
          <Stages data={data} />
          <Comparison prices={data.prices} />
          <Section
            title={t('prices.title')}
            description={t('prices.text')}
            actions={
              isAdmin && (
                <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>
                  {t('prices.add')}
                </Button>
              )
            }
          >
            <PriceTable prices={data.prices} canChange={isAdmin} />
          </Section>
        </>
      )}
      {isAdding && <PriceDialog currency={data?.currency ?? 'USD'} onClose={() => setAdding(false)} />}
    </Stack>
  )
}

function Stages({ data }: { readonly data: Schemas['Prices'] }) {
  const { t } = useTranslation('costs')
  const { t: tApp } = useTranslation()
  return (
    <Section title={t('stages.title')} description={t('stages.text')}>
      <WideTable
        label={t('stages.title')}
        columns={[
          { name: t('columns.stage') },
          { name: t('columns.provider') },
          { name: t('columns.perTask'), isNumber: true },
        ]}
      >
        {data.stages.map(({ stage, provider, model, per_task, does_cost }) => (
          <Table.Tr key={stage} className="figures">
            <Table.Th scope="row" fw={500}>
              {tApp(`stage.${stage as Schemas['Stage']}`)}
            </Table.Th>
            <Table.Td>
              <div>
                {provider ? <ProviderName provider={provider} /> : t('stages.own')}
                {model && ` · ${model}`}
              </div>
            </Table.Td>
            <Table.Td ta="end">
              {!does_cost && <Badge color="teal">{t('stages.free')}</Badge>}
              {does_cost && (per_task === null ? t('stages.unknown') : formatMoney(per_task, data.currency))}
            </Table.Td>
          </Table.Tr>
        ))}
      </WideTable>
    </Section>
  )
}

function Comparison({ prices }: { readonly prices: Schemas['Prices']['prices'] }) {
  const { t } = useTranslation('costs')
  const [usage, setUsage] = useState(USUAL)
  const offers = compareOffers(prices, usage)
  return (
    <Section title={t('comparison.title')} description={t('comparison.text')}>
      <SimpleGrid cols={{ base: 2, sm: 3, md: 5 }} spacing="sm">
        {UNITS.map((unit) => (
          <NumberInput
            key={unit}
            label={t(`unit.${unit}`)}
            min={0}
            value={usage[unit]}
            onChange={(value) => setUsage({ ...usage, [unit]: Number(value) || 0 })}
          />
        ))}
      </SimpleGrid>
      {offers.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('comparison.none')}
        </Text>
      )}
      {offers.length > 0 && (
        <WideTable
          label={t('comparison.title')}
          columns={[
            { name: t('columns.provider') },
            { name: t('columns.model') },
            { name: t('columns.cost'), isNumber: true },
          ]}
        >
          {offers.map((offer, at) => (
            <Table.Tr key={`${offer.provider} ${offer.model}`} className="figures">
              <Table.Th scope="row" fw={500}>
                <Group gap="xs">
                  <span>
                    <ProviderName provider={offer.provider} />
                  </span>
                  {at === 0 && <Badge color="teal">{t('comparison.cheapest')}</Badge>}
                  {offer.isOwn && <Badge>{t('prices.own')}</Badge>}
                </Group>
              </Table.Th>
              <Table.Td>{offer.model || t('prices.anyModel')}</Table.Td>
              <Table.Td ta="end" fw={600}>
                {formatMoney(offer.cost, offer.currency)}
              </Table.Td>
            </Table.Tr>
          ))}
        </WideTable>
      )}
    </Section>
  )
}
