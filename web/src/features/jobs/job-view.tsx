/** Everything about one job: state and commands, stages, and in tabs what was made, how, and at what cost. */

import { Card, Group, SimpleGrid, Skeleton, Stack, Tabs } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { Loading } from '@/components/loading'
import { StageProgressBar } from '@/components/stage-progress-bar'
import { useWatchedJob } from '@/lib/live/live'
import { useRow } from '@/lib/rows'
import { waitsAfter } from './held'
import { JobActions } from './job-actions'
import { JobFacts, JobTrouble } from './job-head'
import { JobPreview } from './job-preview'
import { JobReview } from './job-review'
import { JobStage } from './job-stage'
import { JOB_TABS, type JobTab } from './job-tabs'
import classes from './job-view.module.css'
import { type JobDetail, jobQuery } from './queries'
import { STAGES, type Stage } from './stages'

const JobTimeline = lazy(() => import('./job-timeline').then((file) => ({ default: file.JobTimeline })))
const JobScriptPart = lazy(() => import('./job-script').then((file) => ({ default: file.JobScriptPart })))
const JobFiles = lazy(() => import('./job-files').then((file) => ({ default: file.JobFiles })))
const JobCost = lazy(() => import('./job-cost').then((file) => ({ default: file.JobCost })))
const JobHistory = lazy(() => import('./job-history').then((file) => ({ default: file.JobHistory })))

interface JobViewProps {
  readonly jobId: string
  readonly tab: JobTab | undefined
  readonly onTab: (tab: JobTab | undefined) => void
  /** The page has state and commands in its head. */
  readonly isPage?: boolean
}

export function JobView({ jobId, tab: wantedTab, onTab, isPage = false }: JobViewProps) {
  const { t } = useTranslation('jobs')
  const client = useQueryClient()
  const { data, error, refetch } = useQuery(jobQuery(client, jobId))
  const job = useRow('jobs', jobId)
  const [expanded, setExpanded] = useState<Stage | null>(null)
  const [firstTab, setFirstTab] = useState<JobTab>('preview')
  const tab = wantedTab ?? firstTab
  // What is to be looked at comes first, and stays when the job goes on.
  const isAtScript = job !== undefined && waitsAfter(job) === 'script_generation'
  if (isAtScript && firstTab !== 'script') setFirstTab('script')
  useWatchedJob(jobId)
  if (error && !data) return <Failed error={error} onRetry={() => void refetch()} />
  if (!data || !job) return <JobSkeleton isPage={isPage} />
  const progressMap = Object.fromEntries(data.stages.map((each) => [each.stage, each]))
  return (
    <Stack gap="md">
      {!isPage && (
        <Group justify="space-between" gap="sm">
          <JobFacts job={job} />
          <JobActions job={job} detail={data} />
        </Group>
      )}
      <JobTrouble job={job} />
      <JobReview job={job} isControlled={data.may_control} />
      <Card>
        <StageProgressBar
          stages={STAGES}
          progressMap={progressMap}
          expanded={expanded}
          onExpandDetails={setExpanded}
          renderDetails={(stage) => <JobStage job={job} stage={stage} detail={data} />}
        />
      </Card>
      <Tabs
        value={tab}
        onChange={(next) => onTab(next === firstTab ? undefined : (next as JobTab))}
        keepMounted={false}
      >
        <Tabs.List className={classes.tabs}>
          {JOB_TABS.map((each) => (
            <Tabs.Tab key={each} value={each}>
              {t(`tab.${each}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={tab} pt="md" mih={320}>
          <Suspense fallback={<Loading />}>
            <TabContent tab={tab} detail={data} />
          </Suspense>
        </Tabs.Panel>
      </Tabs>
    </Stack>
  )
}

function TabContent({ tab, detail }: { readonly tab: JobTab; readonly detail: JobDetail }) {
  switch (tab) {
    case 'preview':
      return <JobPreview detail={detail} />
    case 'timeline':
      return <JobTimeline detail={detail} />
    case 'script':
      return <JobScriptPart detail={detail} />
    case 'files':
      return <JobFiles detail={detail} />
    case 'cost':
      return <JobCost jobId={detail.id} />
    case 'history':
      return <JobHistory detail={detail} />
  }
}

/** In the layout of what comes: stages, tabs, and what is in the first of them. */
function JobSkeleton({ isPage }: { readonly isPage: boolean }) {
  const { t } = useTranslation()
  return (
    <Stack gap="md" role="status" aria-label={t('loading')}>
      {!isPage && <Skeleton height={36} width="60%" />}
      <Card>
        <SimpleGrid cols={{ base: 1, xs: STAGES.length }} spacing={{ base: 2, xs: 'lg' }} aria-hidden>
          {STAGES.map((stage) => (
            <Skeleton key={stage} className={classes.stage} />
          ))}
        </SimpleGrid>
      </Card>
      <Stack gap="md">
        <Skeleton height={36} width="min(560px, 100%)" />
        <Skeleton className={classes.picture} />
      </Stack>
    </Stack>
  )
}
