/** Videos of a batch that wait for somebody after a stage: to be looked at, and to be let go on. */

import { Alert, Button, Group } from '@mantine/core'
import { IconEye, IconPlayerPlay } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { waitingCountQuery } from '@/features/jobs/queries'
import { formatNumber } from '@/lib/format'
import type { BatchRow } from '@/lib/rows'
import { hasEnded } from './eta'

const BulkDialog = lazy(() =>
  import('@/features/jobs/bulk-dialog').then((file) => ({ default: file.BulkDialog })),
)

interface BatchReviewProps {
  readonly batch: BatchRow
  readonly isControlled: boolean
  /** Whether only those that wait are shown. */
  readonly isShown: boolean
  readonly onShow: (isShown: boolean) => void
}

export function BatchReview({ batch, isControlled, isShown, onShow }: BatchReviewProps) {
  const { t } = useTranslation('batches')
  const [isAsking, setAsking] = useState(false)
  const stage = batch.options.pause_after
  const { data: count = 0 } = useQuery({
    ...waitingCountQuery(batch.id),
    enabled: Boolean(stage) && !hasEnded(batch),
  })
  if (!stage || (count === 0 && !isAsking)) return null
  const values = { count, shown: formatNumber(count) }
  return (
    <Alert
      color="ink"
      icon={<IconEye aria-hidden />}
      title={t(`review.title.${stage}`, values)}
      role="status"
      styles={{ title: { textWrap: 'pretty' } }}
    >
      <Group gap="xs">
        <Button size="xs" variant="default" onClick={() => onShow(!isShown)}>
          {t(isShown ? 'review.showAll' : 'review.look', values)}
        </Button>
        {isControlled && (
          <Button
            size="xs"
            leftSection={<IconPlayerPlay size={14} aria-hidden />}
            onClick={() => setAsking(true)}
          >
            {t('review.goOn', values)}
          </Button>
        )}
      </Group>
      {isAsking && (
        <Suspense>
          <BulkDialog
            action={{ action: 'resume' }}
            target={{ filter: { batch_id: batch.id, paused_after: 'any' } }}
            onDone={() => {
              setAsking(false)
              onShow(false)
            }}
            onClose={() => setAsking(false)}
          />
        </Suspense>
      )}
    </Alert>
  )
}
