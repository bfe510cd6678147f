/** How often providers may be asked. */

import { Badge, Button, NumberInput, Text } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { FormDialog } from '@/components/form-dialog'
import { ProviderField } from '@/components/provider-field'
import { ProviderName } from '@/components/provider-name'
import { RowSkeletons } from '@/components/row-skeletons'
import { Section } from '@/components/section'
import { Table } from '@/components/table'
import { WideTable } from '@/components/wide-table'
import { api, call, type Schemas } from '@/lib/api'
import { formatAgo, formatNumber } from '@/lib/format'

type Rate = Schemas['ProviderRate']

const ratesQuery = queryOptions({
  queryKey: ['provider-rates'],
  queryFn: async () => (await call(api.GET('/provider-rates'))).items,
})

export function Rates() {
  const { t } = useTranslation('settings')
  const { t: tApp } = useTranslation()
  const { data, error, isPending, refetch } = useQuery(ratesQuery)
  const [changed, setChanged] = useState<Rate | 'new'>()
  const shown = (value: number | null | undefined) => (value == null ? t('rates.free') : formatNumber(value))
  return (
    <Section
      title={t('rates.title')}
      description={t('rates.text')}
      actions={
        <Button
          variant="default"
          leftSection={<IconPlus size={16} aria-hidden />}
          onClick={() => setChanged('new')}
        >
          {t('rates.add')}
        </Button>
      }
    >
      {error && <Failed error={error} onRetry={() => void refetch()} />}
      {isPending && <RowSkeletons count={2} />}
      {data?.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('rates.none')}
        </Text>
      )}
      {data && data.length > 0 && (
        <WideTable
          label={t('rates.title')}
          columns={[
            { name: t('rates.provider') },
            { name: t('rates.requests'), isNumber: true },
            { name: t('rates.tokens'), isNumber: true },
            { name: '' },
          ]}
        >
          {data.map((rate) => (
            <Table.Tr key={rate.provider} className="figures">
              <Table.Th scope="row" fw={500}>
                <ProviderName provider={rate.provider} />{' '}
                {rate.is_own && <Badge ms={6}>{t('rates.own')}</Badge>}
                {rate.closed_until && (
                  <Text size="xs" c="var(--mantine-color-error)">
                    {t('rates.closed', { time: formatAgo(rate.closed_until) })}
                  </Text>
                )}
              </Table.Th>
              <Table.Td ta="end">{shown(rate.requests_per_minute)}</Table.Td>
              <Table.Td ta="end">{shown(rate.tokens_per_minute)}</Table.Td>
              <Table.Td ta="end">
                <Button
                  size="compact-sm"
                  variant="subtle"
                  aria-label={t('rates.changeOf', { provider: rate.provider })}
                  onClick={() => setChanged(rate)}
                >
                  {t('rates.change')}
                </Button>
              </Table.Td>
            </Table.Tr>
          ))}
        </WideTable>
      )}
      {changed && (
        <RateDialog
          rate={changed === 'new' ? undefined : changed}
          title={changed === 'new' ? t('rates.add') : t('rates.change')}
          submit={tApp('actions.save')}
          onClose={() => setChanged(undefined)}
        />
      )}
    </Section>
  )
}

interface RateDialogProps {
  readonly rate: Rate | undefined
  readonly title: string
  readonly submit: string
  readonly onClose: () => void
}

function RateDialog({ rate, title, submit, onClose }: RateDialogProps) {
  const { t } = useTranslation('settings')
  const client = useQueryClient()
  const [provider, setProvider] = useState(rate?.provider ?? '')
  const [requests, setRequests] = useState<number | string>(rate?.requests_per_minute ?? '')
  const [tokens, setTokens] = useState<number | string>(rate?.tokens_per_minute ?? '')
  const numberOf = (value: number | string) => (value === '' ? null : Number(value))
  const { mutateAsync } = useMutation({
    mutationFn: () =>
      call(
        api.PUT('/provider-rates', {
          body: {
            provider,
            requests_per_minute: numberOf(requests),
            tokens_per_minute: numberOf(tokens),
          },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ratesQuery.queryKey }),
  })
  return (
    <FormDialog
      title={title}
      submit={submit}
      isDisabled={!provider}
      onClose={onClose}
      onSubmit={() => mutateAsync()}
    >
      {(errorOf) => (
        <>
          <ProviderField
            label={t('rates.provider')}
            isFixed={rate !== undefined}
            value={provider}
            onChange={setProvider}
            error={errorOf('provider')}
          />
          <NumberInput
            label={t('rates.requests')}
            description={t('rates.emptyText')}
            min={1}
            allowDecimal={false}
            value={requests}
            onChange={setRequests}
            error={errorOf('requests_per_minute')}
          />
          <NumberInput
            label={t('rates.tokens')}
            description={t('rates.emptyText')}
            min={1}
            allowDecimal={false}
            value={tokens}
            onChange={setTokens}
            error={errorOf('tokens_per_minute')}
          />
        </>
      )}
    </FormDialog>
  )
}
