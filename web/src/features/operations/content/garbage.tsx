import { Button, SimpleGrid } from '@mantine/core'
import { IconTrash } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { Failed } from '@/components/failed'
import { FigureCard } from '@/components/figure-card'
import { Section } from '@/components/section'
import { formatBytes, formatDuration, formatTime } from '@/lib/format'
import { garbageQuery, useContentCommands } from './api'

export function Garbage() {
  const { t } = useTranslation('operations')
  const { data, error, refetch } = useQuery(garbageQuery)
  const { collect } = useContentCommands()
  const [isAsking, setAsking] = useState(false)
  const grace = data && formatDuration(data.grace_s * 1_000)
  return (
    <Section
      title={t('content.garbage')}
      description={t('content.garbageText', { grace: grace ?? '…' })}
      actions={
        <Button
          variant="default"
          leftSection={<IconTrash size={16} aria-hidden />}
          onClick={() => setAsking(true)}
        >
          {t('content.collect')}
        </Button>
      }
    >
      {error && <Failed error={error} onRetry={() => void refetch()} />}
      <SimpleGrid cols={{ base: 2, md: 4 }}>
        <FigureCard
          isBare
          label={t('content.unreferenced')}
          value={data && formatBytes(data.unreferenced.bytes)}
          hint={data && t('content.results', { count: data.unreferenced.artifacts ?? 0 })}
        />
        <FigureCard
          isBare
          label={t('content.condemned')}
          value={data && formatBytes(data.condemned.bytes)}
          hint={
            data?.condemned.next_removal_at &&
            t('content.next', { time: formatTime(data.condemned.next_removal_at, 'short') })
          }
        />
        <FigureCard
          isBare
          label={t('content.orphans')}
          value={data && formatBytes(data.orphans.bytes)}
          hint={data && t('content.files', { count: data.orphans.files ?? 0 })}
        />
        <FigureCard isBare label={t('content.freed')} value={data && formatBytes(data.freed.bytes)} />
      </SimpleGrid>
      {isAsking && (
        <ConfirmDialog
          title={t('content.collectTitle')}
          confirm={t('content.collect')}
          onClose={() => setAsking(false)}
          onConfirm={() => collect.mutateAsync()}
        >
          {t('content.collectText', { grace: grace ?? '…' })}
        </ConfirmDialog>
      )}
    </Section>
  )
}
