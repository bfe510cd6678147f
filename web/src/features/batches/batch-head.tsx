/** Title, state and commands of a batch; what it waits for. */

import { Alert, Button, Group, Text } from '@mantine/core'
import { IconClockPause, IconFileZip, IconRefresh } from '@tabler/icons-react'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { TextLink } from '@/components/links'
import { Page } from '@/components/page'
import { PauseControl } from '@/components/pause-control'
import { useProjectNames } from '@/components/project-names'
import { ReadOnly } from '@/components/read-only'
import { StatusBadge } from '@/components/status'
import { When } from '@/components/when'
import { saveFromApi } from '@/lib/archive'
import { formatTime, formatWhen } from '@/lib/format'
import { usePendingCommand } from '@/lib/live/commands'
import type { BatchRow } from '@/lib/rows'
import { sayError } from '@/lib/say'
import { BatchSettings } from './batch-settings'
import { batchTitle } from './batch-title'
import { useBatchCommands } from './commands'
import { hasEnded } from './eta'
import type { BatchDetail } from './queries'
import { RetryFailed } from './retry-failed'

interface BatchHeadProps {
  readonly batch: BatchRow
  readonly detail: BatchDetail
  readonly children: ReactNode
}

export function BatchHead({ batch, detail, children }: BatchHeadProps) {
  const { t } = useTranslation('batches')
  const projects = useProjectNames()
  const title = batchTitle(batch)
  const isPaused = Boolean(batch.paused_at) && !hasEnded(batch)
  return (
    <Page
      title={title}
      description={
        <Group gap="xs" component="span">
          <StatusBadge status={isPaused ? 'paused' : batch.status} />
          <TextLink to="/projects/$projectId" params={{ projectId: batch.project_id }} size="sm">
            {projects.get(batch.project_id) ?? t('toProject')}
          </TextLink>
          <Text span size="sm">
            <When iso={batch.created_at}>
              {t('createdAt', { number: batch.number, time: formatWhen(batch.created_at) })}
            </When>
          </Text>
        </Group>
      }
      actions={
        <>
          {detail.may_control ? <BatchControls batch={batch} detail={detail} title={title} /> : <ReadOnly />}
          {batch.completed_count > 0 && <ArchiveButton batch={batch} />}
        </>
      }
    >
      <Waiting batch={batch} isPausedAbove={detail.is_paused && !batch.paused_at} />
      {children}
    </Page>
  )
}

function BatchControls(props: {
  readonly batch: BatchRow
  readonly detail: BatchDetail
  readonly title: string
}) {
  const { batch, detail, title } = props
  const { t } = useTranslation('batches')
  const commands = useBatchCommands()
  const pending = usePendingCommand(batch.id)
  const [isRetrying, setRetrying] = useState(false)
  const isPaused = Boolean(batch.paused_at)
  return (
    <>
      {batch.failed_count > 0 && (
        <Button
          variant={hasEnded(batch) ? 'filled' : 'default'}
          leftSection={<IconRefresh size={16} aria-hidden />}
          onClick={() => setRetrying(true)}
        >
          {t('retryFailed', { count: batch.failed_count })}
        </Button>
      )}
      <BatchSettings batch={batch} detail={detail} />
      <PauseControl
        name={title}
        isPaused={isPaused}
        isEnded={hasEnded(batch)}
        isPending={pending !== undefined}
        onTogglePause={(isNow) => void commands.act(batch.id, isPaused ? 'resume' : 'pause', isNow)}
        onCancel={() => void commands.act(batch.id, 'cancel')}
        cancelText={t('cancelText', { count: batch.pending_count + batch.processing_count })}
      />
      {isRetrying && <RetryFailed batchId={batch.id} onClose={() => setRetrying(false)} />}
    </>
  )
}

function ArchiveButton({ batch }: { readonly batch: BatchRow }) {
  const { t } = useTranslation('batches')
  const [isSaving, setSaving] = useState(false)
  const save = async () => {
    setSaving(true)
    try {
      await saveFromApi(`/batches/${batch.id}/archive`, `${batchTitle(batch)}.zip`)
    } catch (error) {
      sayError(error)
    }
    setSaving(false)
  }
  return (
    <Button
      variant="default"
      loading={isSaving}
      leftSection={<IconFileZip size={16} aria-hidden />}
      onClick={() => void save()}
    >
      {t('zip')}
    </Button>
  )
}

function Waiting({ batch, isPausedAbove }: { readonly batch: BatchRow; readonly isPausedAbove: boolean }) {
  const { t } = useTranslation('batches')
  const isWaiting = batch.starts_at && !batch.started_at && batch.blocked_at
  const text = isPausedAbove
    ? t('pausedAbove')
    : isWaiting
      ? t('startsAt', { time: formatTime(batch.starts_at ?? '') })
      : batch.blocked_reason
  if (!text || hasEnded(batch)) return null
  return (
    <Alert color="gray" icon={<IconClockPause aria-hidden />} py="xs">
      {text}
    </Alert>
  )
}
