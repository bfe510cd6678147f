import { Button, Group, NativeSelect, SimpleGrid, Skeleton } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconFilterOff, IconFolderPlus, IconPlus } from '@tabler/icons-react'
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Empty } from '@/components/empty'
import { Failed } from '@/components/failed'
import { FilterText } from '@/components/filter-text'
import { LoadMore } from '@/components/load-more'
import { Page } from '@/components/page'
import { useIs } from '@/lib/me'
import { PROJECT_STATUSES, type ProjectFilters, type ProjectStatus } from './filters'
import { LazyProjectDialog } from './lazy-project-dialog'
import { ProjectCard } from './project-card'
import { projectsQuery } from './queries'

const route = getRouteApi('/signed-in/projects')

export function ProjectsPage() {
  const { t } = useTranslation('projects')
  const filters = route.useSearch()
  const navigate = route.useNavigate()
  const router = useRouter()
  const isEditor = useIs('editor')
  const [isCreating, creating] = useDisclosure()
  const change = (next: ProjectFilters) =>
    void navigate({ search: { ...filters, ...next }, replace: true, resetScroll: false })
  const create = isEditor && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={creating.open}>
      {t('create')}
    </Button>
  )
  return (
    <Page title={t('title')} description={t('description')} actions={create}>
      <Group gap="xs" role="search" aria-label={t('filters')}>
        <FilterText
          flex="1 1 220px"
          maw={420}
          aria-label={t('search')}
          placeholder={t('search')}
          value={filters.text}
          onChange={(text) => change({ text })}
        />
        <NativeSelect
          w={180}
          aria-label={t('filters.status', { ns: 'app' })}
          data={[
            { value: '', label: t('filters.status', { ns: 'app' }) },
            ...PROJECT_STATUSES.map((value) => ({ value, label: t(`status.${value}`) })),
          ]}
          value={filters.status ?? ''}
          onChange={(event) =>
            change({ status: (event.currentTarget.value || undefined) as ProjectStatus | undefined })
          }
        />
      </Group>
      <ProjectCards filters={filters} create={create} />
      {isCreating && (
        <LazyProjectDialog
          onClose={creating.close}
          onSaved={(id) => void router.navigate({ to: '/projects/$projectId', params: { projectId: id } })}
        />
      )}
    </Page>
  )
}

function ProjectCards({ filters, create }: { readonly filters: ProjectFilters; readonly create: ReactNode }) {
  const { t } = useTranslation('projects')
  const client = useQueryClient()
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useInfiniteQuery(
    projectsQuery(client, filters),
  )
  if (error && !data) return <Failed error={error} onRetry={() => void refetch()} />
  const ids = data?.pages.flatMap((page) => page.ids)
  const counts = new Map(data?.pages.flatMap((page) => [...page.counts]))
  if (ids?.length === 0) {
    return filters.text || filters.status ? (
      <Empty icon={IconFilterOff} title={t('filters.nothing', { ns: 'app' })}>
        {t('noMatchNext')}
      </Empty>
    ) : (
      <Empty icon={IconFolderPlus} title={t('empty')} action={create}>
        {t('emptyNext')}
      </Empty>
    )
  }
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 2, lg: 3 }} spacing="md">
        {ids
          ? ids.map((id) => <ProjectCard key={id} projectId={id} counts={counts.get(id)} />)
          : [0, 1, 2].map((at) => <Skeleton key={at} height={184} />)}
      </SimpleGrid>
      <LoadMore hasMore={hasNextPage} isLoading={isFetchingNextPage} onMore={() => void fetchNextPage()} />
    </>
  )
}
