/** Progress of one job in a line: a segment for each stage, as light as a row of a long list has to be. */

import { useTranslation } from 'react-i18next'
import type { Status } from '@/components/status'
import { formatPercent } from '@/lib/format'
import type { JobRow } from '@/lib/rows'
import classes from './job-progress.module.css'

type Progressing = Pick<JobRow, 'stage' | 'progress' | 'current_step' | 'total_steps' | 'topic'> & {
  /** As people name it: a job that is paused, or waits for somebody, is not at work. */
  readonly status: Status
}

/** States in which the stage of a job is the one that comes next. */
const STILL: ReadonlySet<Status> = new Set(['pending', 'paused', 'waiting'])

/** How far each step is: done, at work, where it stopped, or still to come. */
export function stepsOf({ status, current_step, total_steps }: Progressing): readonly StepState[] {
  return Array.from({ length: total_steps }, (_, at): StepState => {
    if (status === 'completed' || at < current_step) return 'done'
    if (at > current_step) return 'ahead'
    if (status === 'failed') return 'failed'
    return status === 'processing' ? 'active' : 'ahead'
  })
}

type StepState = 'done' | 'active' | 'failed' | 'ahead'

export function JobProgress({ job }: { readonly job: Progressing }) {
  const { t } = useTranslation()
  const percent = formatPercent(job.progress / 100)
  const name = job.stage && job.status !== 'completed' ? t(`stage.${job.stage}`) : ''
  const stage = name && STILL.has(job.status) ? t('stageNext', { stage: name }) : name
  return (
    <div className={classes.progress}>
      <div
        className={classes.track}
        role="progressbar"
        aria-label={job.topic}
        aria-valuenow={job.progress}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuetext={stage ? `${percent}, ${stage}` : percent}
      >
        {stepsOf(job).map((state, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the steps have no other name.
          <i key={at} data-state={state} />
        ))}
      </div>
      <span className={classes.text}>
        <span className="figures">{percent}</span>
        {stage && <span className={classes.stage}>{stage}</span>}
      </span>
    </div>
  )
}
