/** Commands on a job: pause, retry, priority, download. */

import { Button, Group, Menu } from '@mantine/core'
import { IconChevronDown, IconFileZip, IconRefresh } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { PauseControl } from '@/components/pause-control'
import { ReadOnly } from '@/components/read-only'
import { saveFromApi } from '@/lib/archive'
import { usePendingCommand } from '@/lib/live/commands'
import type { JobRow } from '@/lib/rows'
import { sayError } from '@/lib/say'
import { type JobCommands, useJobCommands } from './commands'
import { LANES } from './filters'
import { isHeld, waitsAfter } from './held'
import type { JobDetail } from './queries'
import { RetryDialog } from './retry-dialog'

interface JobActionsProps {
  readonly job: JobRow
  readonly detail: JobDetail
}

export function JobActions({ job, detail }: JobActionsProps) {
  return (
    <Group gap="xs">
      {detail.may_control ? <JobControls job={job} /> : <ReadOnly />}
      {detail.artifacts.some(({ role }) => role === 'video') && <Archive job={job} />}
    </Group>
  )
}

function JobControls({ job }: { readonly job: JobRow }) {
  const { t } = useTranslation()
  const commands = useJobCommands()
  const pending = usePendingCommand(job.id)
  const [isRetrying, setRetrying] = useState(false)
  const hasEnded = job.status !== 'pending' && job.status !== 'processing'
  const isPaused = isHeld(job)
  return (
    <>
      {hasEnded ? (
        <Button
          variant={job.status === 'completed' ? 'default' : 'filled'}
          loading={pending !== undefined}
          leftSection={<IconRefresh size={16} aria-hidden />}
          onClick={() => setRetrying(true)}
        >
          {t(job.status === 'completed' ? 'control.redo' : 'control.retry')}
        </Button>
      ) : (
        <LaneMenu job={job} commands={commands} />
      )}
      <PauseControl
        name={job.topic}
        isPaused={isPaused}
        isForUser={waitsAfter(job) !== null}
        isEnded={hasEnded}
        isPending={pending !== undefined}
        onTogglePause={(isNow) => void (isPaused ? commands.resume(job.id) : commands.pause(job.id, isNow))}
        onCancel={() => void commands.cancel(job.id)}
      />
      {isRetrying && (
        <RetryDialog
          jobId={job.id}
          failure={job}
          onCancel={() => setRetrying(false)}
          onConfirmRetry={(what) => {
            setRetrying(false)
            void commands.retry(job.id, what)
          }}
        />
      )}
    </>
  )
}

function LaneMenu({ job, commands }: { readonly job: JobRow; readonly commands: JobCommands }) {
  const { t } = useTranslation()
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" rightSection={<IconChevronDown size={14} aria-hidden />}>
          {t('control.priorityOf', { lane: t(`lane.${job.lane}`) })}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {LANES.map((lane) => (
          <Menu.Item
            key={lane}
            disabled={lane === job.lane}
            onClick={() => void commands.setLane(job.id, lane)}
          >
            {t(`lane.${lane}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

function Archive({ job }: { readonly job: JobRow }) {
  const { t } = useTranslation('jobs')
  const [isSaving, setSaving] = useState(false)
  const save = async () => {
    setSaving(true)
    try {
      await saveFromApi(`/jobs/${job.id}/archive`, `${job.topic}.zip`)
    } catch (error) {
      sayError(error)
    }
    setSaving(false)
  }
  return (
    <Button
      variant={job.status === 'completed' ? 'filled' : 'default'}
      loading={isSaving}
      leftSection={<IconFileZip size={16} aria-hidden />}
      onClick={() => void save()}
    >
      {t('zip')}
    </Button>
  )
}
