import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { ErrorBoundary } from '@/components/error-boundary'
import { Page } from '@/components/page'
import { NewBatchLink } from '@/features/batches/new-batch-link'
import { recentProjectsQuery } from './api'
import { BatchList } from './batch-list'
import classes from './dashboard-page.module.css'
import { Figures } from './figures'
import { FirstSteps } from './first-steps'
import { PausedNotice } from './paused-notice'
import { RecentFailures } from './recent-failures'
import { RecentProjects } from './recent-projects'
import { Today } from './today'
import { WaitingNotice } from './waiting-notice'
import { WorkHealth } from './work-health'

export function DashboardPage() {
  const { t } = useTranslation()
  const projects = useQuery(recentProjectsQuery(useQueryClient()))
  const isNew = projects.data?.length === 0
  return (
    <Page title={t('nav.dashboard')} actions={!isNew && <NewBatchLink />}>
      <PausedNotice />
      <WaitingNotice />
      {isNew ? (
        <FirstSteps />
      ) : (
        <>
          <Figures />
          <div className={classes.columns}>
            <div className={classes.main}>
              <ErrorBoundary>
                <BatchList />
              </ErrorBoundary>
              <div className={classes.work}>
                <ErrorBoundary>
                  <WorkHealth />
                </ErrorBoundary>
              </div>
            </div>
            <div className={classes.side}>
              <ErrorBoundary>
                <RecentFailures />
              </ErrorBoundary>
              <ErrorBoundary>
                <Today />
              </ErrorBoundary>
              <ErrorBoundary>
                <RecentProjects />
              </ErrorBoundary>
            </div>
          </div>
        </>
      )}
    </Page>
  )
}
