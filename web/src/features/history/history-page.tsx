import { Button, Skeleton, Text } from '@mantine/core'
import { IconHistory } from '@tabler/icons-react'
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { Empty } from '@/components/empty'
import { Failed } from '@/components/failed'
import { Page } from '@/components/page'
import { RowSkeletons } from '@/components/row-skeletons'
import { formatNumber } from '@/lib/format'
import { historyQuery } from './api'
import { ExportMenu } from './export-menu'
import type { HistoryFilter } from './filter'
import { HistoryFilters } from './filters'
import { HistoryList } from './history-list'

const route = getRouteApi('/signed-in/history')

/** How many rows before the end the next page is fetched. */
const EARLY = 30

export function HistoryPage() {
  const { t } = useTranslation('history')
  const { t: tApp } = useTranslation()
  const filter = route.useSearch()
  const navigate = route.useNavigate()
  const jobs = useInfiniteQuery(historyQuery(useQueryClient(), filter))
  const ids = jobs.data?.pages.flatMap((page) => page.ids) ?? []
  const total = jobs.data?.pages[0]?.total
  const change = (part: Partial<HistoryFilter>) =>
    void navigate({ search: (old) => ({ ...old, ...part }), replace: true })
  const reset = () => void navigate({ search: {}, replace: true })
  const more = () => {
    if (jobs.hasNextPage && !jobs.isFetching) void jobs.fetchNextPage()
  }
  const isFiltered = Object.keys(filter).some((name) => name !== 'order')
  return (
    <Page title={tApp('nav.history')} description={t('description')} actions={<ExportMenu filter={filter} />}>
      <HistoryFilters filter={filter} onChange={change} onReset={reset} />
      {jobs.error && <Failed error={jobs.error} onRetry={() => void jobs.refetch()} />}
      {jobs.isPending && <RowSkeletons count={8} height={54} />}
      {jobs.data && ids.length > 0 && (
        <>
          <Text size="sm" c="dimmed" className="figures" role="status" mb={-8}>
            {t('count', { count: total ?? ids.length, formatted: formatNumber(total ?? ids.length) })}
          </Text>
          <HistoryList
            ids={ids}
            total={total}
            onReach={(place) => {
              if (place > ids.length - EARLY) more()
            }}
          />
          {jobs.isFetchingNextPage && <Skeleton h={52} />}
        </>
      )}
      {jobs.data && ids.length === 0 && (
        <Empty
          icon={IconHistory}
          title={isFiltered ? tApp('filters.nothing') : t('empty')}
          action={
            isFiltered && (
              <Button variant="default" mt="xs" onClick={reset}>
                {tApp('filters.reset')}
              </Button>
            )
          }
        >
          {isFiltered ? tApp('filters.nothingText') : t('emptyText')}
        </Empty>
      )}
    </Page>
  )
}
