import { Stack } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useCallback, useMemo, useRef } from 'react'
import { Failed } from '@/components/failed'
import { jobFiltersOf } from '@/features/jobs/filters'
import { JobDrawer } from '@/features/jobs/job-drawer'
import { JobFilterBar } from '@/features/jobs/job-filter-bar'
import { JobGrid } from '@/features/jobs/job-grid'
import { useFollow } from '@/lib/live/live'
import { useRow } from '@/lib/rows'
import { BatchFigures } from './batch-figures'
import type { BatchSearch } from './batch-filters'
import { BatchHead } from './batch-head'
import { BatchReview } from './batch-review'
import { BatchSkeleton } from './batch-skeleton'
import { batchQuery } from './queries'

const route = getRouteApi('/signed-in/batches/$batchId')

/** One batch, live: how far it is, what is in it, and what can be done about it. */
export function BatchPage() {
  const { batchId } = route.useParams()
  const search = route.useSearch()
  const { job, tab } = search
  // The same as long as the address is: the list and its filters do not render again with every figure.
  const filters = useMemo(() => jobFiltersOf({ ...search }), [search])
  const navigate = route.useNavigate()
  const client = useQueryClient()
  const detail = useQuery(batchQuery(client, batchId))
  const batch = useRow('batches', batchId)
  const searchRef = useRef<HTMLInputElement>(null)
  useFollow('batch', batchId)
  const change = useCallback(
    (next: Partial<BatchSearch>) =>
      void navigate({ search: (old) => ({ ...old, ...next }), replace: true, resetScroll: false }),
    [navigate],
  )
  const open = useCallback(
    (id: string) => void navigate({ search: (old) => ({ ...old, job: id }), resetScroll: false }),
    [navigate],
  )
  const onTab = useCallback((next: BatchSearch['tab']) => change({ tab: next }), [change])
  const close = useCallback(
    () =>
      void navigate({ search: (old) => ({ ...old, job: undefined, tab: undefined }), resetScroll: false }),
    [navigate],
  )
  // The route's error part says that it is not there, or may not be seen.
  if (detail.error && !batch) throw detail.error
  if (!batch || !detail.data) return <BatchSkeleton />
  return (
    <BatchHead batch={batch} detail={detail.data}>
      {detail.error && <Failed error={detail.error} onRetry={() => void detail.refetch()} />}
      <BatchReview
        batch={batch}
        isControlled={detail.data.may_control}
        isShown={filters.waits !== undefined}
        onShow={(isShown) => change({ waits: isShown ? 'any' : undefined })}
      />
      <BatchFigures
        batch={batch}
        stages={detail.data.stages}
        status={filters.status}
        onStatus={(status) => change({ status })}
      />
      <Stack gap="xs">
        <JobFilterBar filters={filters} searchRef={searchRef} onChange={change} />
        <JobGrid
          batchId={batchId}
          jobCount={batch.job_count}
          filters={filters}
          isControlled={detail.data.may_control}
          isCovered={job !== undefined}
          searchRef={searchRef}
          onOpen={open}
        />
      </Stack>
      <JobDrawer jobId={job} tab={tab} onTab={onTab} onClose={close} />
    </BatchHead>
  )
}
