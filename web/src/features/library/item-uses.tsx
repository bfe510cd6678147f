import { Group, Skeleton, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { JobLink } from '@/components/record-links'
import { STATUS_LOOK, type Status, StatusBadge } from '@/components/status'
import { formatAgo } from '@/lib/format'
import { usesQuery } from './library'

/** The videos that a scene is in. */
export function ItemUses({ id }: { readonly id: string }) {
  const { t } = useTranslation('library')
  const { data, error, refetch } = useQuery(usesQuery(id))
  if (error) return <Failed error={error} onRetry={() => void refetch()} />
  if (!data) return <Skeleton h={80} />
  if (data.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t('item.noUses')}
      </Text>
    )
  }
  return (
    <Stack gap="xs">
      {data.map((use) => (
        <Group key={use.job_id} justify="space-between" wrap="nowrap" gap="sm">
          <div style={{ minWidth: 0 }}>
            <JobLink id={use.job_id} batchId={use.batch_id} size="sm" truncate>
              {use.topic}
            </JobLink>
            <Text size="xs" c="dimmed">
              {t('item.version', { number: use.version })} · {formatAgo(use.created_at)}
            </Text>
          </div>
          {isStatus(use.status) && <StatusBadge status={use.status} size="sm" />}
        </Group>
      ))}
    </Stack>
  )
}

function isStatus(status: string): status is Status {
  return status in STATUS_LOOK
}
