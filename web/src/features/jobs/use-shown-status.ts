import { useQuery } from '@tanstack/react-query'
import type { Status } from '@/components/status'
import { type JobRow, rowsQuery } from '@/lib/rows'
import { shownStatus } from './held'

/** The state of a job as people name it, also where its batch is paused; renders again only when that begins or ends. */
export function useShownStatus(job: JobRow): Status {
  const { data: isBatchPaused } = useQuery({
    ...rowsQuery('batches'),
    select: (known) => Boolean(known.byId.get(job.batch_id)?.paused_at),
  })
  return shownStatus(job, isBatchPaused)
}
