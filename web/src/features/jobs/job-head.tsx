/** State of a job; what went wrong, and what to do about it. */

import { Alert, Group, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { FailureAlert } from '@/components/failure-alert'
import { TextLink } from '@/components/links'
import { usePlatformName } from '@/components/platform-names'
import { StatusBadge } from '@/components/status'
import { formatTime } from '@/lib/format'
import type { JobRow } from '@/lib/rows'
import { useShownStatus } from './use-shown-status'

interface JobFactsProps {
  readonly job: JobRow
  /** Of its batch, where that is not around it. */
  readonly batchNumber?: number
}

export function JobFacts({ job, batchNumber }: JobFactsProps) {
  const { t } = useTranslation('jobs')
  const platformName = usePlatformName()
  const status = useShownStatus(job)
  const facts = [
    t('position', { position: job.position }),
    job.platforms.map(platformName).join(', '),
    job.generation > 1 && t('generation', { count: job.generation }),
    job.deadline && t('deadline', { time: formatTime(job.deadline) }),
  ].filter(Boolean)
  return (
    <Group gap="xs">
      <StatusBadge status={status} />
      {batchNumber !== undefined && (
        <TextLink to="/batches/$batchId" params={{ batchId: job.batch_id }} size="sm">
          {t('toBatch', { number: batchNumber })}
        </TextLink>
      )}
      <Text size="sm" c="dimmed" className="figures">
        {facts.join(' · ')}
      </Text>
    </Group>
  )
}

export function JobTrouble({ job }: { readonly job: JobRow }) {
  return (
    <>
      {job.error_message && <FailureAlert failure={job} color={job.status === 'failed' ? 'red' : 'gray'} />}
      {job.blocked_reason && <Alert color="gray">{job.blocked_reason}</Alert>}
    </>
  )
}
