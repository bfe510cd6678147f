import { ActionIcon, Group, Progress, Text } from '@mantine/core'
import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react'
import { memo } from 'react'
import { useTranslation } from 'react-i18next'
import { TextLink } from '@/components/links'
import { useProjectNames } from '@/components/project-names'
import { StatusBadge } from '@/components/status'
import { When } from '@/components/when'
import { formatDuration, formatNumber, formatPercent, formatWhen } from '@/lib/format'
import { usePendingCommand } from '@/lib/live/commands'
import { type BatchRow, useRow } from '@/lib/rows'
import classes from './batch-queue.module.css'
import { batchTitle } from './batch-title'
import { useBatchCommands } from './commands'
import { hasEnded, remainingMs } from './eta'

interface BatchQueueRowProps {
  readonly batchId: string
  /** Whether its project is named. */
  readonly hasProject: boolean
}

/** Renders again only when its own batch changes. */
export const BatchQueueRow = memo(function BatchQueueRow({ batchId, hasProject }: BatchQueueRowProps) {
  const { t } = useTranslation('batches')
  const batch = useRow('batches', batchId)
  const projects = useProjectNames()
  if (!batch || batch.deleted_at) return null
  const isPaused = Boolean(batch.paused_at) && !hasEnded(batch)
  return (
    <li className={classes.row}>
      <div className={classes.title}>
        <TextLink
          to="/batches/$batchId"
          params={{ batchId }}
          fw={600}
          c="var(--mantine-color-text)"
          truncate
          display="block"
          dir="auto"
          ta="start"
        >
          {batchTitle(batch)}
        </TextLink>
        <Text size="xs" c="dimmed" lineClamp={2} className="figures">
          {[
            hasProject && projects.get(batch.project_id),
            batch.title && `#${batch.number}`,
            t('jobs', { count: batch.job_count, number: formatNumber(batch.job_count) }),
          ]
            .filter(Boolean)
            .join(' · ')}
          {' · '}
          <BatchTime batch={batch} />
        </Text>
      </div>
      <div className={classes.progress}>
        <BatchProgress batch={batch} />
      </div>
      <div className={classes.status}>
        <StatusBadge status={isPaused ? 'paused' : batch.status} size="sm" />
      </div>
      <div className={classes.actions}>
        <PauseButton batch={batch} isPaused={isPaused} />
      </div>
    </li>
  )
})

/** When it starts where that is planned, else since when it is there. */
function BatchTime({ batch }: { readonly batch: BatchRow }) {
  const { t } = useTranslation('batches')
  const isPlanned = batch.starts_at && !batch.started_at && !hasEnded(batch)
  return isPlanned && batch.starts_at ? (
    <When iso={batch.starts_at}>{t('startsShort', { time: formatWhen(batch.starts_at) })}</When>
  ) : (
    <When iso={batch.created_at} />
  )
}

function BatchProgress({ batch }: { readonly batch: BatchRow }) {
  const { t } = useTranslation('batches')
  const left = remainingMs(batch)
  const hasBegun = batch.progress > 0 || batch.processing_count > 0 || batch.failed_count > 0
  const share = (count: number) => (batch.job_count > 0 ? (count / batch.job_count) * 100 : 0)
  // Failed jobs may have made a part of what is done.
  const failed = Math.min(share(batch.failed_count), 100 - batch.progress)
  return (
    <>
      <Progress.Root size={8} radius="xl" aria-hidden>
        <Progress.Section value={batch.progress} color="teal.7" />
        <Progress.Section value={failed} color="red.7" />
      </Progress.Root>
      <Group
        gap={6}
        mt={4}
        wrap="nowrap"
        role="progressbar"
        aria-label={t('progress')}
        aria-valuenow={batch.progress}
        aria-valuemin={0}
        aria-valuemax={100}
      >
        <Text size="xs" c="dimmed" className="figures" truncate>
          {hasBegun
            ? [
                formatPercent(batch.progress / 100),
                t('done', { count: batch.completed_count, number: formatNumber(batch.completed_count) }),
                left !== null && t('eta', { time: formatDuration(left) }),
              ]
                .filter(Boolean)
                .join(' · ')
            : t('notBegun')}
          {batch.failed_count > 0 && (
            <Text span inherit c="var(--mantine-color-error)">
              {' · '}
              {t('failed', { count: batch.failed_count, number: formatNumber(batch.failed_count) })}
            </Text>
          )}
        </Text>
      </Group>
    </>
  )
}

function PauseButton({ batch, isPaused }: { readonly batch: BatchRow; readonly isPaused: boolean }) {
  const { t } = useTranslation()
  const pending = usePendingCommand(batch.id)
  const commands = useBatchCommands()
  if (!batch.may_control || hasEnded(batch)) return null
  const label = t(isPaused ? 'control.resume' : 'control.pause')
  const IconOf = isPaused ? IconPlayerPlay : IconPlayerPause
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      loading={pending !== undefined}
      aria-label={`${label}: ${batchTitle(batch)}`}
      title={label}
      onClick={() => void commands.act(batch.id, isPaused ? 'resume' : 'pause')}
    >
      <IconOf size={18} aria-hidden />
    </ActionIcon>
  )
}
