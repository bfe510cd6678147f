// biome-ignore-all lint/a11y/useSemanticElements: a table cannot be virtual.
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus, and names the active row.
/** One job in the list of its batch: what it is, how far it is, what is wrong, and what can be done about it. */

import { ActionIcon, Loader } from '@mantine/core'
import { IconPlayerPause, IconPlayerPlay, IconRefresh } from '@tabler/icons-react'
import { type MouseEvent, memo } from 'react'
import { useTranslation } from 'react-i18next'
import { useFailureText } from '@/components/error-texts'
import { StatusBadge } from '@/components/status'
import type { JobRow } from '@/lib/rows'
import classes from './batch-job-card.module.css'
import { isHeld, waitsAfter } from './held'
import { JobProgress } from './job-progress'
import { useShownStatus } from './use-shown-status'

interface BatchJobCardProps {
  readonly job: JobRow
  /** Their names, for people. */
  readonly platforms: string
  /** Name of a command that is on its way. */
  readonly liveStatus?: string
  readonly isSelected: boolean
  /** Whether commands are offered. */
  readonly isControlled: boolean
  readonly onSelect: (jobId: string, isRange: boolean) => void
  readonly onPause: (jobId: string) => void
  readonly onResume: (jobId: string) => void
  readonly onRetry: (jobId: string) => void
}

/** The cells of a row; keys are the list's, so that nothing in it is a stop for the tab key. */
export const BatchJobCard = memo(function BatchJobCard(props: BatchJobCardProps) {
  const { job, platforms, liveStatus, isSelected, isControlled, onSelect } = props
  const { t } = useTranslation('jobs')
  const isPaused = isHeld(job)
  const waiting = waitsAfter(job)
  const status = useShownStatus(job)
  const select = (event: MouseEvent) => {
    event.stopPropagation()
    onSelect(job.id, event.shiftKey)
  }
  return (
    <>
      <div role="gridcell" className={classes.select}>
        <input
          type="checkbox"
          tabIndex={-1}
          checked={isSelected}
          readOnly
          // The list keeps the focus, and its keys.
          onMouseDown={(event) => event.preventDefault()}
          onClick={select}
          aria-label={t('card.select', { topic: job.topic })}
        />
      </div>
      <div role="gridcell" className={`${classes.position} figures`}>
        {job.position}
      </div>
      <div role="gridcell" className={classes.topic}>
        <div className={classes.line} title={job.topic} dir="auto">
          {job.topic}
        </div>
        <div className={classes.below}>
          {job.error_message ? (
            <Trouble job={job} />
          ) : (
            <>
              {waiting && <span className={classes.ready}>{t(`review.ready.${waiting}`)}</span>}
              <span>{platforms}</span>
              {job.lane !== 'standard' && (
                <span className={classes.mark}>{t(`lane.${job.lane}`, { ns: 'app' })}</span>
              )}
              {job.is_late && <span className={classes.mark}>{t('card.late')}</span>}
              {job.blocked_reason && <span>{job.blocked_reason}</span>}
            </>
          )}
        </div>
      </div>
      <div role="gridcell" className={classes.progress}>
        <JobProgress job={{ ...job, status }} />
      </div>
      <div role="gridcell" className={classes.status}>
        {liveStatus ? (
          <span className={classes.pending}>
            <Loader size={12} aria-hidden /> {t(`pending.${liveStatus}`)}
          </span>
        ) : (
          <StatusBadge status={status} size="sm" />
        )}
      </div>
      <div role="gridcell" className={classes.actions}>
        {isControlled && <CardAction {...props} isPaused={isPaused} />}
      </div>
    </>
  )
})

function Trouble({ job }: { readonly job: JobRow }) {
  const { meaning, detail } = useFailureText()(job)
  return (
    <span className={classes.error} title={detail}>
      {meaning}
    </span>
  )
}

function CardAction(props: BatchJobCardProps & { readonly isPaused: boolean }) {
  const { job, liveStatus, isPaused, onPause, onResume, onRetry } = props
  const { t } = useTranslation()
  const action = actionOf(job, isPaused)
  if (!action) return null
  const run = { pause: onPause, resume: onResume, retry: onRetry }[action]
  const IconOf = { pause: IconPlayerPause, resume: IconPlayerPlay, retry: IconRefresh }[action]
  const label = t(`control.${waitsAfter(job) ? 'goOn' : action}`)
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      tabIndex={-1}
      disabled={liveStatus !== undefined}
      aria-label={`${label}: ${job.topic}`}
      title={label}
      onClick={(event) => {
        event.stopPropagation()
        run(job.id)
      }}
    >
      <IconOf size={17} aria-hidden />
    </ActionIcon>
  )
}

/** What one most likely wants to do with a job in its state. */
export function actionOf(
  job: Pick<JobRow, 'status'>,
  isPaused: boolean,
): 'pause' | 'resume' | 'retry' | undefined {
  if (isPaused) return 'resume'
  if (job.status === 'pending' || job.status === 'processing') return 'pause'
  return job.status === 'completed' ? undefined : 'retry'
}
