import { Badge, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Table } from '@/components/table'
import { WideTable } from '@/components/wide-table'
import type { Schemas } from '@/lib/api'
import { formatAgo, formatDuration } from '@/lib/format'

type Worker = Schemas['TenantWorker']

const COLOR: Record<Worker['state'], string> = {
  working: 'teal',
  draining: 'orange',
  stopping: 'orange',
  silent: 'red',
}

export function WorkerTable({ workers }: { readonly workers: readonly Worker[] }) {
  const { t } = useTranslation('operations')
  const { t: tApp } = useTranslation()
  return (
    <WideTable
      label={t('workers.title')}
      minWidth={680}
      columns={[
        { name: t('workers.worker') },
        { name: t('workers.state') },
        { name: t('workers.stages') },
        { name: t('workers.slots'), isNumber: true },
        { name: t('workers.heard'), isNumber: true },
      ]}
    >
      {workers.map((worker) => (
        <Table.Tr key={worker.id} className="figures">
          <Table.Th scope="row" fw={500}>
            {worker.id.slice(-6)}
            <Text size="xs" c="dimmed">
              {worker.version} · {t('workers.since', { ago: formatAgo(worker.started_at) })}
            </Text>
          </Table.Th>
          <Table.Td>
            <Badge color={COLOR[worker.state]}>{t(`workers.is.${worker.state}`)}</Badge>
          </Table.Td>
          <Table.Td>{worker.stages.map((stage) => tApp(`stage.${stage}`)).join(', ')}</Table.Td>
          <Table.Td ta="end">
            {worker.busy_slots} / {worker.slots}
          </Table.Td>
          <Table.Td ta="end">{formatDuration(Math.round(worker.heartbeat_age_s) * 1_000)}</Table.Td>
        </Table.Tr>
      ))}
    </WideTable>
  )
}
