/** What a webhook was told, how it answered, and sending it again. */

import { Badge, Button, Group, SegmentedControl, Stack, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { itemsOf } from '@/components/endless'
import { Failed } from '@/components/failed'
import { LoadMore } from '@/components/load-more'
import { RowSkeletons } from '@/components/row-skeletons'
import { Section } from '@/components/section'
import { Table } from '@/components/table'
import { WideTable } from '@/components/wide-table'
import { formatTime } from '@/lib/format'
import { say, sayError } from '@/lib/say'
import { type Delivery, deliveriesQuery, useWebhookCommands, type Webhook } from './api'

const COLOR: Record<Delivery['status'], string> = { pending: 'blue', delivered: 'teal', dead: 'red' }
const STATUSES = ['all', 'pending', 'delivered', 'dead'] as const

export function Deliveries({ webhook: { id, url } }: { readonly webhook: Webhook }) {
  const { t } = useTranslation('operations')
  const [status, setStatus] = useState<(typeof STATUSES)[number]>('all')
  const deliveries = useInfiniteQuery(deliveriesQuery(id, status === 'all' ? undefined : status))
  const { redeliver, redeliverDead } = useWebhookCommands()
  const items = itemsOf(deliveries.data)
  const tell = {
    onError: sayError,
    onSuccess: ({ deliveries: count }: { deliveries: number }) => say(t('webhooks.sent', { count })),
  }
  return (
    <Section
      title={t('webhooks.deliveries')}
      description={url}
      actions={
        <>
          <SegmentedControl
            size="xs"
            aria-label={t('webhooks.state')}
            data={STATUSES.map((value) => ({ value, label: t(`webhooks.is.${value}`) }))}
            value={status}
            onChange={(value) => setStatus(value as typeof status)}
          />
          <Button
            size="xs"
            variant="default"
            loading={redeliverDead.isPending}
            onClick={() => redeliverDead.mutate(id, tell)}
          >
            {t('webhooks.redeliverDead')}
          </Button>
        </>
      }
    >
      {deliveries.error && <Failed error={deliveries.error} onRetry={() => void deliveries.refetch()} />}
      {deliveries.isPending && <RowSkeletons />}
      {deliveries.data && items.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('webhooks.noDeliveries')}
        </Text>
      )}
      {items.length > 0 && (
        <WideTable
          label={t('webhooks.deliveries')}
          minWidth={640}
          columns={[
            { name: t('webhooks.what') },
            { name: t('webhooks.state') },
            { name: t('webhooks.answer') },
            { name: t('webhooks.tries'), isNumber: true },
            { name: '' },
          ]}
        >
          {items.map((each) => (
            <Table.Tr key={each.id} className="figures">
              <Table.Th scope="row" fw={500}>
                {each.event}
                <Text size="xs" c="dimmed">
                  {formatTime(each.created_at)}
                </Text>
              </Table.Th>
              <Table.Td>
                <Badge color={COLOR[each.status]}>{t(`webhooks.is.${each.status}`)}</Badge>
              </Table.Td>
              <Table.Td maw={280}>
                <Stack gap={0}>
                  {each.response_status && <Text size="sm">{each.response_status}</Text>}
                  <Text size="xs" c="dimmed" lineClamp={2}>
                    {each.last_error}
                  </Text>
                </Stack>
              </Table.Td>
              <Table.Td ta="end">{each.attempt_count}</Table.Td>
              <Table.Td>
                <Group justify="flex-end">
                  <Button
                    size="compact-sm"
                    variant="subtle"
                    onClick={() => redeliver.mutate({ id, deliveryId: each.id }, tell)}
                  >
                    {t('webhooks.redeliver')}
                  </Button>
                </Group>
              </Table.Td>
            </Table.Tr>
          ))}
        </WideTable>
      )}
      <LoadMore
        hasMore={deliveries.hasNextPage}
        isLoading={deliveries.isFetchingNextPage}
        onMore={() => void deliveries.fetchNextPage()}
      />
    </Section>
  )
}
