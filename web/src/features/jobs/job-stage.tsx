/** The tasks of one stage: how each is, what went wrong, what to do next. */

import { Button, Group, Stack, Text } from '@mantine/core'
import { IconRefresh } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { useFailureText } from '@/components/error-texts'
import { StatusBadge } from '@/components/status'
import { formatDuration, formatTime } from '@/lib/format'
import { usePendingCommand } from '@/lib/live/commands'
import { type JobRow, useRow } from '@/lib/rows'
import { useJobCommands } from './commands'
import classes from './job-stage.module.css'
import type { JobDetail, Task } from './queries'
import type { Stage } from './stages'
import { useTaskName } from './task-name'

interface JobStageProps {
  readonly job: JobRow
  readonly stage: Stage
  readonly detail: JobDetail
}

export function JobStage({ job, stage, detail }: JobStageProps) {
  const { t } = useTranslation('jobs')
  const tasks = detail.tasks.filter((task) => task.stage === stage)
  if (tasks.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t('stage.none')}
      </Text>
    )
  }
  return (
    <Stack gap={0} component="ul" className={classes.list}>
      {tasks.map((task) => (
        <TaskLine key={task.id} job={job} task={task} isControlled={detail.may_control} />
      ))}
    </Stack>
  )
}

interface TaskLineProps {
  readonly job: JobRow
  readonly task: Task
  readonly isControlled: boolean
}

function TaskLine({ job, task, isControlled }: TaskLineProps) {
  const { t } = useTranslation('jobs')
  const nameOf = useTaskName()
  const commands = useJobCommands()
  const pending = usePendingCommand(job.id)
  // Newer than the answer where a live message told of it.
  const now = useRow('tasks', task.id) ?? task
  const name = nameOf(task) || t(`stage.${task.stage}`, { ns: 'app' })
  const ms = durationOf(task)
  const trouble = useFailureText()(now)
  return (
    <li className={classes.task}>
      <Group gap="xs" justify="space-between">
        <Group gap="xs">
          <StatusBadge status={now.status} size="sm" />
          <Text size="sm" fw={550}>
            {name}
          </Text>
          <Text size="xs" c="dimmed" className="figures">
            {[
              now.status === 'processing' && `${now.progress} %`,
              now.is_reused && t('stage.reused'),
              ms !== null && !now.is_reused && formatDuration(ms),
              task.attempts.length > 1 && t('stage.attempts', { count: task.attempts.length }),
              now.status === 'pending' && now.run_at && t('stage.again', { time: formatTime(now.run_at) }),
            ]
              .filter(Boolean)
              .join(' · ')}
          </Text>
        </Group>
        {isControlled && (now.status === 'failed' || now.status === 'completed') && (
          <Button
            size="compact-xs"
            variant="subtle"
            disabled={pending !== undefined}
            leftSection={<IconRefresh size={13} aria-hidden />}
            aria-label={t(now.status === 'failed' ? 'stage.retryOf' : 'stage.redoOf', { name })}
            onClick={() => void commands.retryTask(job.id, task.id)}
          >
            {t(now.status === 'failed' ? 'control.retry' : 'control.redo', { ns: 'app' })}
          </Button>
        )}
      </Group>
      {now.error_message && (
        <>
          <Text size="sm" c="var(--mantine-color-error)" mt={2}>
            {trouble.meaning}{' '}
            <Text span c="dimmed" inherit>
              {trouble.next}
            </Text>
          </Text>
          {trouble.detail && (
            <Text size="xs" c="dimmed" lang="en" dir="auto" style={{ overflowWrap: 'anywhere' }}>
              {trouble.detail}
            </Text>
          )}
        </>
      )}
    </li>
  )
}

/** Milliseconds of the last attempt that ended. */
function durationOf({ attempts }: Task): number | null {
  const last = attempts.findLast(({ finished_at }) => finished_at !== null)
  return last?.finished_at ? Date.parse(last.finished_at) - Date.parse(last.started_at) : null
}
