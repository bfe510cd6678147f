/** What of the tenant waits, is queued and runs at each stage, and how many serve it. */

import { Badge, Table, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Schemas } from '@/lib/api'
import { formatDuration, formatNumber } from '@/lib/format'
import { WideTable } from './wide-table'

type Queue = Schemas['OwnQueue']
type Health = 'held' | 'unserved' | 'behind' | 'later' | 'idle' | 'fine'

/** Beyond so many seconds the oldest waits long. */
const LONG_S = 300
const COLOR: Record<Health, string> = {
  held: 'yellow',
  unserved: 'red',
  behind: 'orange',
  later: 'gray',
  idle: 'gray',
  fine: 'teal',
}

export function healthOf(queue: Queue): Health {
  const open = queue.ready_count + queue.queued_count
  if (queue.is_paused) return 'held'
  if (open + queue.running_count === 0) return queue.waiting_count > 0 ? 'later' : 'idle'
  if (queue.worker_count === 0) return 'unserved'
  return queue.oldest_age_s > LONG_S && queue.running_count === 0 ? 'behind' : 'fine'
}

export function QueueTable({ queues }: { readonly queues: readonly Queue[] }) {
  const { t } = useTranslation()
  return (
    <WideTable
      label={t('queue.label')}
      minWidth={680}
      columns={[
        { name: t('queue.stage') },
        { name: t('queue.health') },
        { name: t('queue.waiting'), isNumber: true },
        { name: t('queue.queued'), isNumber: true },
        { name: t('queue.running'), isNumber: true },
        { name: t('queue.oldest'), isNumber: true },
        { name: t('queue.slots'), isNumber: true },
      ]}
    >
      {queues.map((queue) => {
        const health = healthOf(queue)
        return (
          <Table.Tr key={queue.stage} className="figures">
            <Table.Th scope="row" fw={500}>
              {t(`stage.${queue.stage}`)}
            </Table.Th>
            <Table.Td>
              <Badge color={COLOR[health]} miw="max-content">
                {t(`queue.is.${health}`)}
              </Badge>
            </Table.Td>
            <Table.Td ta="end">{formatNumber(queue.waiting_count)}</Table.Td>
            <Table.Td ta="end">{formatNumber(queue.queued_count)}</Table.Td>
            <Table.Td ta="end">{formatNumber(queue.running_count)}</Table.Td>
            <Table.Td ta="end">
              {queue.oldest_age_s > 0 ? formatDuration(Math.round(queue.oldest_age_s) * 1_000) : '–'}
            </Table.Td>
            <Table.Td ta="end">
              {queue.slots}
              <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
                {t('queue.workers', { count: queue.worker_count })}
              </Text>
            </Table.Td>
          </Table.Tr>
        )
      })}
    </WideTable>
  )
}
