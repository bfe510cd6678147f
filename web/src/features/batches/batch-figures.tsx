/** How far a batch is: in sum, by state, by stage, and when it will be done. */

import { Card, Group, Progress, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { StageProgressBar } from '@/components/stage-progress-bar'
import type { JobStatus } from '@/components/status'
import { STAGES, type Stage, type StageProgress } from '@/features/jobs/stages'
import { formatDuration, formatPercent, formatTime } from '@/lib/format'
import type { BatchRow } from '@/lib/rows'
import { remainingMs } from './eta'
import { StageDetails } from './stage-details'
import { StatusCounts } from './status-counts'
import { useClock } from './use-clock'

interface BatchFiguresProps {
  readonly batch: BatchRow
  readonly stages: readonly StageProgress[]
  /** States that the list is narrowed to. */
  readonly status: readonly JobStatus[] | undefined
  readonly onStatus: (status: readonly JobStatus[] | undefined) => void
}

export function BatchFigures({ batch, stages, status, onStatus }: BatchFiguresProps) {
  const { t } = useTranslation('batches')
  const [expanded, setExpanded] = useState<Stage | null>(null)
  const failed = Math.min((batch.failed_count / Math.max(1, batch.job_count)) * 100, 100 - batch.progress)
  const progressMap = Object.fromEntries(stages.map((each) => [each.stage, each]))
  return (
    <Card>
      <Stack gap="md">
        <div>
          <Group justify="space-between" mb={6} gap="xs">
            <Text fw={650} size="lg" className="figures">
              {formatPercent(batch.progress / 100)}
            </Text>
            <Timing batch={batch} />
          </Group>
          <Progress.Root size={10} radius="xl">
            <Progress.Section value={batch.progress} color="teal.7" aria-label={t('progress')} />
            <Progress.Section value={failed} color="red.7" withAria={false} />
          </Progress.Root>
        </div>
        <StatusCounts batch={batch} status={status} onStatus={onStatus} />
        <StageProgressBar
          stages={STAGES}
          progressMap={progressMap}
          expanded={expanded}
          onExpandDetails={setExpanded}
          renderDetails={(stage) => <StageDetails batchId={batch.id} progress={progressMap[stage]} />}
        />
      </Stack>
    </Card>
  )
}

function Timing({ batch }: { readonly batch: BatchRow }) {
  const { t } = useTranslation('batches')
  const now = useClock(10_000)
  const left = remainingMs(batch, now)
  const parts = [
    left !== null && t('eta', { time: formatDuration(left) }),
    batch.completed_at && t('endedAt', { time: formatTime(batch.completed_at) }),
    batch.deadline && t(batch.is_late ? 'late' : 'deadlineAt', { time: formatTime(batch.deadline) }),
    batch.max_concurrent_tasks !== null && t('capOf', { count: batch.max_concurrent_tasks }),
  ].filter(Boolean)
  return (
    <Text size="sm" c={batch.is_late ? 'var(--mantine-color-error)' : 'dimmed'} className="figures">
      {parts.join(' · ')}
    </Text>
  )
}
