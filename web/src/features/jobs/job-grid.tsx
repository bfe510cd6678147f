/** The jobs of a batch: made for ten thousand of them, of which hundreds change in a second. */

import { useMediaQuery } from '@mantine/hooks'
import { IconMoodEmpty, IconStack2 } from '@tabler/icons-react'
import { memo, type RefObject, useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Empty } from '@/components/empty'
import { Failed } from '@/components/failed'
import { isNarrowed, type JobFilters } from './filters'
import { GridSkeleton } from './grid-skeleton'
import { JobRows } from './job-rows'
import { useJobList } from './use-job-list'

export interface JobGridProps {
  readonly batchId: string
  readonly jobCount: number
  readonly filters: JobFilters
  /** Whether commands are offered. */
  readonly isControlled: boolean
  /** Whether a drawer or dialog of the page has the keys. */
  readonly isCovered: boolean
  readonly searchRef: RefObject<HTMLInputElement | null>
  readonly onOpen: (jobId: string) => void
}

/** Heights of a row and of the head, in pixels. */
const WIDE = { rowHeight: 64, headHeight: 36 }
const NARROW = { rowHeight: 100, headHeight: 0 }
/** What is seen is told in steps of so many rows: nothing is fetched for less. */
const STEP_ROWS = 50

export const JobGrid = memo(function JobGrid(props: JobGridProps) {
  const { batchId, jobCount, filters } = props
  const { t } = useTranslation('jobs')
  const isNarrow = useMediaQuery('(max-width: 48em)', undefined, { getInitialValueInEffect: false })
  const [seen, setSeen] = useState<readonly [number, number]>([0, STEP_ROWS])
  const list = useJobList(batchId, jobCount, filters, seen)
  const onSeen = useCallback((first: number, last: number) => {
    const from = Math.floor(first / STEP_ROWS) * STEP_ROWS
    const to = Math.ceil((last + 1) / STEP_ROWS) * STEP_ROWS - 1
    setSeen((old) => (old[0] === from && old[1] === to ? old : [from, to]))
  }, [])
  const sizes = isNarrow ? NARROW : WIDE
  if (list.error) return <Failed error={list.error} onRetry={list.retry} />
  if (list.isLoading) return <GridSkeleton rowHeight={sizes.rowHeight} />
  if (list.length === 0) {
    return isNarrowed(filters) ? (
      <Empty icon={IconMoodEmpty} title={t('grid.noMatch')}>
        {t('grid.noMatchNext')}
      </Empty>
    ) : (
      <Empty icon={IconStack2} title={t('grid.empty')}>
        {t('grid.emptyNext')}
      </Empty>
    )
  }
  // What is selected belongs to what is shown.
  return <JobRows key={JSON.stringify(filters)} {...props} {...sizes} list={list} onSeen={onSeen} />
})
