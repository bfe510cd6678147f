import { Alert, Stack } from '@mantine/core'
import { IconServerOff } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { QueueTable } from '@/components/queue-table'
import { RowSkeletons } from '@/components/row-skeletons'
import { Section } from '@/components/section'
import { queuesQuery, workersQuery } from './api'
import { WorkerTable } from './worker-table'

export function Queues() {
  const { t } = useTranslation('operations')
  const queues = useQuery(queuesQuery)
  const workers = useQuery(workersQuery)
  const isNobodyThere = workers.data?.every(({ state }) => state !== 'working') ?? false
  return (
    <Stack gap="lg">
      {isNobodyThere && (
        <Alert color="orange" icon={<IconServerOff aria-hidden />} title={t('workers.none')}>
          {t('workers.noneText')}
        </Alert>
      )}
      <Section title={t('queues.title')} description={t('queues.text')}>
        {queues.error && <Failed error={queues.error} onRetry={() => void queues.refetch()} />}
        {queues.isPending && <RowSkeletons count={5} />}
        {queues.data && <QueueTable queues={queues.data} />}
      </Section>
      <Section title={t('workers.title')} description={t('workers.text')}>
        {workers.error && <Failed error={workers.error} onRetry={() => void workers.refetch()} />}
        {workers.isPending && <RowSkeletons count={3} />}
        {workers.data && workers.data.length > 0 && <WorkerTable workers={workers.data} />}
      </Section>
    </Stack>
  )
}
