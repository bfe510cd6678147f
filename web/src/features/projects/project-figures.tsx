/** How the videos and batches of a project are. */

import { Card, SimpleGrid, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { formatNumber } from '@/lib/format'
import type { ProjectDetail } from './queries'

export function ProjectFigures({ detail }: { readonly detail: ProjectDetail }) {
  const { t } = useTranslation('projects')
  const { batches, queue } = detail
  const figures = [
    {
      name: 'waiting',
      value: queue.pending_jobs,
      below: t('figure.queued', { count: queue.queued_tasks, number: formatNumber(queue.queued_tasks) }),
    },
    {
      name: 'running',
      value: queue.processing_jobs,
      below: t('figure.atWork', {
        count: queue.processing_tasks,
        number: formatNumber(queue.processing_tasks),
      }),
    },
    {
      name: 'completed',
      value: queue.completed_jobs,
      below: t('figure.ofBatches', {
        count: batches.total,
        number: formatNumber(batches.total),
      }),
    },
    {
      name: 'failed',
      value: queue.failed_jobs,
      below: t('figure.cancelled', {
        count: queue.cancelled_jobs,
        number: formatNumber(queue.cancelled_jobs),
      }),
    },
  ]
  return (
    <SimpleGrid cols={{ base: 2, md: 4 }} component="dl" m={0}>
      {figures.map(({ name, value, below }) => (
        <Card key={name}>
          <Text component="dt" size="sm" c="dimmed">
            {t(`figure.${name}`)}
          </Text>
          <Text component="dd" m={0} fz={28} fw={650} lh={1.25} className="figures">
            {formatNumber(value)}
          </Text>
          <Text component="dd" m={0} size="xs" c="dimmed" className="figures">
            {below}
          </Text>
        </Card>
      ))}
    </SimpleGrid>
  )
}
