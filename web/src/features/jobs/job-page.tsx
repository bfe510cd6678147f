import { Skeleton } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { Page } from '@/components/page'
import { useFollow } from '@/lib/live/live'
import { useRow } from '@/lib/rows'
import { JobActions } from './job-actions'
import { JobFacts } from './job-head'
import { JobView } from './job-view'
import { jobQuery } from './queries'

const route = getRouteApi('/signed-in/jobs/$jobId')

export function JobPage() {
  const { t } = useTranslation('jobs')
  const { jobId } = route.useParams()
  const { tab } = route.useSearch()
  const navigate = route.useNavigate()
  const job = useRow('jobs', jobId)
  const detail = useQuery(jobQuery(useQueryClient(), jobId))
  useFollow('batch', job?.batch_id)
  if (detail.error && !job) throw detail.error
  return (
    <Page
      title={job?.topic ?? t('job')}
      description={
        job ? (
          <JobFacts job={job} batchNumber={detail.data?.batch_number} />
        ) : (
          <Skeleton component="span" display="block" height={22} width="min(320px, 80vw)" />
        )
      }
      actions={job && detail.data && <JobActions job={job} detail={detail.data} />}
    >
      <JobView
        key={jobId}
        isPage
        jobId={jobId}
        tab={tab}
        onTab={(next) => void navigate({ search: { tab: next }, replace: true, resetScroll: false })}
      />
    </Page>
  )
}
