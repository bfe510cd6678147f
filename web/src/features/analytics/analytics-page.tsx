import { Skeleton, Stack } from '@mantine/core'
import { IconActivity, IconChartBar } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { NoPermission } from '@/components/no-permission'
import { Page } from '@/components/page'
import { PageTabs } from '@/components/page-tabs'
import { useMe } from '@/lib/me'
import { analyticsQuery } from './api'
import { BatchAnalyticsView } from './batch-analytics-view'
import { AnalyticsFilters } from './filters'
import type { AnalyticsSearch } from './search'

const route = getRouteApi('/signed-in/analytics')

const ContentPerformance = lazy(() =>
  import('./content-performance').then(({ ContentPerformance: component }) => ({ default: component })),
)

export function AnalyticsPage() {
  const { t } = useTranslation('analytics')
  const { t: tApp } = useTranslation()
  const { analytics_scope: scope } = useMe()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const { data, error, refetch } = useQuery({ ...analyticsQuery(search), enabled: scope !== 'none' })
  const change = (part: Partial<AnalyticsSearch>) =>
    void navigate({ search: (old) => ({ ...old, ...part }), replace: true })
  return (
    <Page title={tApp('nav.analytics')} description={t('description')}>
      {scope === 'none' && <NoPermission />}
      {scope !== 'none' && (
        <Stack gap="lg">
          <AnalyticsFilters search={search} onChange={change} />
          {error && <Failed error={error} onRetry={() => void refetch()} />}
          {!data && !error && <Skeleton h={420} />}
          {data && (
            <PageTabs
              label={tApp('nav.analytics')}
              value={search.tab ?? 'work'}
              onChange={(tab) => change({ tab: tab === 'content' ? tab : undefined })}
              tabs={[
                {
                  value: 'work',
                  label: t('tabs.work'),
                  icon: IconActivity,
                  panel: <BatchAnalyticsView data={data} />,
                },
                {
                  value: 'content',
                  label: t('tabs.content'),
                  icon: IconChartBar,
                  panel: (
                    <Suspense fallback={<Skeleton h={420} />}>
                      <ContentPerformance data={data} search={search} onChange={change} />
                    </Suspense>
                  ),
                },
              ]}
            />
          )}
        </Stack>
      )}
    </Page>
  )
}
