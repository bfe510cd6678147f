import { Alert } from '@mantine/core'
import { IconServerOff } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { TextLink } from '@/components/links'
import { QueueTable } from '@/components/queue-table'
import { RowSkeletons } from '@/components/row-skeletons'
import { Section } from '@/components/section'
import { useIs } from '@/lib/me'
import { summaryQuery } from './api'

/** Who works, and what of ours waits at each stage. */
export function WorkHealth() {
  const { t } = useTranslation('dashboard')
  const isAdmin = useIs('admin')
  const { data, isPending } = useQuery(summaryQuery)
  return (
    <Section
      title={t('health.title')}
      description={
        data &&
        t('health.text', {
          count: data.workers.worker_count,
          busy: data.workers.busy_slots,
          slots: data.workers.slots,
        })
      }
      actions={
        isAdmin && (
          <TextLink to="/operations" search={{ tab: 'queues' }} size="sm">
            {t('health.more')}
          </TextLink>
        )
      }
    >
      {data?.workers.worker_count === 0 && (
        <Alert color="orange" icon={<IconServerOff aria-hidden />} title={t('health.nobody')}>
          {t('health.nobodyText')}
        </Alert>
      )}
      {isPending && <RowSkeletons count={5} />}
      {data && <QueueTable queues={data.stages} />}
    </Section>
  )
}
