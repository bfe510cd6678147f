import { Box, Group, Skeleton, Text } from '@mantine/core'
import { memo } from 'react'
import { useTranslation } from 'react-i18next'
import { useFailureText } from '@/components/error-texts'
import { usePlatformName } from '@/components/platform-names'
import { useProjectNames } from '@/components/project-names'
import { JobLink } from '@/components/record-links'
import { StatusBadge } from '@/components/status'
import { shownStatus } from '@/features/jobs/held'
import { formatDuration, formatTime } from '@/lib/format'
import { useRow } from '@/lib/rows'
import classes from './history.module.css'

/** One job; it renders again only when its row changes. */
export const HistoryRow = memo(function HistoryRow({ id }: { readonly id: string }) {
  const { t } = useTranslation('history')
  const job = useRow('jobs', id)
  const projects = useProjectNames()
  const nameOf = usePlatformName()
  const failureText = useFailureText()
  if (!job) return <Skeleton h={40} />
  const where = [projects.get(job.project_id), job.platforms.map(nameOf).join(', ')]
  const took =
    job.started_at && job.completed_at ? Date.parse(job.completed_at) - Date.parse(job.started_at) : undefined
  return (
    <>
      <div className={classes.topic}>
        <JobLink id={job.id} batchId={job.batch_id} fw={550} truncate display="block">
          {job.topic}
        </JobLink>
        <Text size="xs" c="dimmed" truncate>
          {where.filter(Boolean).join(' · ')}
        </Text>
        {job.error_message && (
          <Text size="xs" c="var(--mantine-color-error)" lineClamp={2}>
            {failureText(job).meaning}
          </Text>
        )}
      </div>
      <Group gap={6} className={classes.state}>
        <StatusBadge status={shownStatus(job)} />
        {job.status === 'processing' && (
          <Text size="xs" c="dimmed" className="figures">
            {job.progress}%
          </Text>
        )}
      </Group>
      <Box className={`figures ${classes.when}`}>
        <Text size="sm">{formatTime(job.created_at)}</Text>
        {took !== undefined && (
          <Text size="xs" c="dimmed">
            {t('took', { time: formatDuration(took) })}
          </Text>
        )}
      </Box>
    </>
  )
})
