// biome-ignore-all lint/a11y/useSemanticElements: a table cannot be virtual.
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus, and names the active row.
// biome-ignore-all lint/a11y/useKeyWithClickEvents: its keys are the grid's.
import { memo } from 'react'
import { usePlatformName } from '@/components/platform-names'
import { usePendingCommand } from '@/lib/live/commands'
import { useRow } from '@/lib/rows'
import { BatchJobCard } from './batch-job-card'
import type { JobCommands } from './commands'
import classes from './job-grid.module.css'

interface JobGridRowProps {
  readonly jobId: string | null
  readonly index: number
  /** Pixels from the top of the list. */
  readonly top: number
  readonly height: number
  readonly isActive: boolean
  readonly isSelected: boolean
  readonly isControlled: boolean
  readonly commands: Pick<JobCommands, 'pause' | 'resume'>
  readonly onSelect: (index: number, isRange: boolean) => void
  readonly onOpen: (index: number) => void
  readonly onRetry: (jobId: string) => void
}

export function rowId(index: number): string {
  return `job-row-${index}`
}

/** Renders again only when its own job changes, or its place in the list. */
export const JobGridRow = memo(function JobGridRow(props: JobGridRowProps) {
  const { jobId, index, top, height, isActive, isSelected, onOpen } = props
  return (
    <div
      role="row"
      id={rowId(index)}
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      data-active={isActive}
      className={classes.row}
      style={{ height, transform: `translateY(${top}px)` }}
      onClick={() => onOpen(index)}
    >
      {jobId ? <KnownRow {...props} jobId={jobId} /> : <WaitingRow />}
    </div>
  )
})

function KnownRow({
  jobId,
  index,
  isSelected,
  isControlled,
  commands,
  onSelect,
  onRetry,
}: JobGridRowProps & { readonly jobId: string }) {
  const job = useRow('jobs', jobId)
  const pending = usePendingCommand(jobId)
  const platformName = usePlatformName()
  if (!job) return <WaitingRow />
  return (
    <BatchJobCard
      job={job}
      platforms={job.platforms.map(platformName).join(', ')}
      liveStatus={pending?.command}
      isSelected={isSelected}
      isControlled={isControlled}
      onSelect={(_, isRange) => onSelect(index, isRange)}
      onPause={commands.pause}
      onResume={commands.resume}
      onRetry={onRetry}
    />
  )
}

function WaitingRow() {
  return <div role="gridcell" className={classes.waiting} />
}
