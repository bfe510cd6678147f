/** The batches that changed last, each with how far it is. */

import { Group, Progress, Stack, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { BatchLink } from '@/components/record-links'
import { RowSkeletons } from '@/components/row-skeletons'
import { Section } from '@/components/section'
import { StatusBadge } from '@/components/status'
import { formatNumber } from '@/lib/format'
import { useRow } from '@/lib/rows'
import { recentBatchesQuery } from './api'

export function BatchList() {
  const { t } = useTranslation('dashboard')
  const { data, error, isPending, refetch } = useQuery(recentBatchesQuery(useQueryClient()))
  return (
    <Section title={t('batches.title')}>
      {error && <Failed error={error} onRetry={() => void refetch()} />}
      {isPending && <RowSkeletons count={6} height={48} />}
      {data?.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('batches.none')}
        </Text>
      )}
      <Stack gap="md">
        {data?.map((id) => (
          <BatchLine key={id} id={id} />
        ))}
      </Stack>
    </Section>
  )
}

function BatchLine({ id }: { readonly id: string }) {
  const { t } = useTranslation('dashboard')
  const batch = useRow('batches', id)
  if (!batch) return null
  const name = `#${batch.number} ${batch.title}`
  return (
    <div>
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <BatchLink id={id} fw={550} truncate>
          {name}
        </BatchLink>
        <StatusBadge status={batch.paused_at ? 'paused' : batch.status} size="sm" />
      </Group>
      <Progress.Root size="sm" mt={6}>
        <Progress.Section
          value={batch.progress}
          color={batch.failed_count > 0 ? 'orange.8' : 'teal.8'}
          aria-label={t('batches.progress', { name })}
        />
      </Progress.Root>
      <Text size="xs" c="dimmed" mt={4} className="figures">
        {t('batches.counts', {
          done: formatNumber(batch.completed_count),
          all: formatNumber(batch.job_count),
          failed: formatNumber(batch.failed_count),
          running: formatNumber(batch.processing_count),
        })}
      </Text>
    </div>
  )
}
