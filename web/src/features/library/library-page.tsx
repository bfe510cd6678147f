import { Button, SimpleGrid, Skeleton, Stack } from '@mantine/core'
import { IconBooks, IconPlus, IconSortDescending } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Empty } from '@/components/empty'
import { itemsOf } from '@/components/endless'
import { Failed } from '@/components/failed'
import { LoadMore } from '@/components/load-more'
import { Page } from '@/components/page'
import { useIs } from '@/lib/me'
import { AddScene } from './add-scene'
import { CurateDialog } from './curate-dialog'
import type { LibrarySearch } from './filters'
import { ItemDrawer } from './item-drawer'
import { libraryQuery } from './library'
import { LibraryFilters } from './library-filters'
import { SceneCard } from './scene-card'
import { SelectionBar } from './selection-bar'

const route = getRouteApi('/signed-in/library')

export function LibraryPage() {
  const { t } = useTranslation('library')
  const { item, add, ...filter } = route.useSearch()
  const navigate = route.useNavigate()
  const mayChange = useIs('editor')
  const isOwner = useIs('owner')
  const [isCurating, setCurating] = useState(false)
  const found = useInfiniteQuery(libraryQuery(filter))
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const change = (next: Partial<LibrarySearch>) =>
    void navigate({ search: (old) => ({ ...old, ...next }), replace: true })
  const items = itemsOf(found.data)
  const isFiltered = Boolean(filter.text || filter.tags || filter.category)
  const toggle = (id: string) =>
    setSelected((old) => {
      const next = new Set(old)
      if (!next.delete(id)) next.add(id)
      return next
    })
  const addButton = mayChange && (
    <Button leftSection={<IconPlus size={18} aria-hidden />} onClick={() => change({ add: 'any' })}>
      {t('add.button')}
    </Button>
  )
  return (
    <Page
      title={t('page.title')}
      description={t('page.text')}
      actions={
        <>
          {isOwner && items.length > 0 && (
            <Button
              variant="default"
              leftSection={<IconSortDescending size={18} aria-hidden />}
              onClick={() => setCurating(true)}
            >
              {t('curate.button')}
            </Button>
          )}
          {addButton}
        </>
      }
    >
      <Stack gap="md">
        <LibraryFilters filter={filter} onChange={change} />
        {found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />}
        {found.data && items.length === 0 ? (
          <Empty
            icon={IconBooks}
            title={isFiltered ? t('empty.none') : t('empty.title')}
            action={
              isFiltered ? (
                <Button
                  variant="default"
                  mt="xs"
                  onClick={() => change({ text: undefined, tags: undefined, category: undefined })}
                >
                  {t('empty.clear')}
                </Button>
              ) : (
                addButton
              )
            }
          >
            {isFiltered ? t('empty.noneText') : t('empty.text')}
          </Empty>
        ) : (
          <SimpleGrid cols={{ base: 1, xs: 2, lg: 3, xl: 4 }} spacing="md">
            {found.isPending && [1, 2, 3, 4, 5, 6].map((each) => <Skeleton key={each} h={178} radius="md" />)}
            {items.map((each) => (
              <SceneCard
                key={each.id}
                item={each}
                isSelected={selected.has(each.id)}
                onSelect={mayChange ? () => toggle(each.id) : undefined}
                onOpen={() => change({ item: each.id })}
                onTag={(tag) => change({ tags: tag })}
              />
            ))}
          </SimpleGrid>
        )}
        <LoadMore
          hasMore={found.hasNextPage}
          isLoading={found.isFetchingNextPage}
          onMore={() => void found.fetchNextPage()}
        />
      </Stack>
      <SelectionBar selected={selected} onClear={() => setSelected(new Set())} />
      <ItemDrawer
        id={item ?? null}
        shown={items.find(({ id }) => id === item)}
        onClose={() => change({ item: undefined })}
      />
      {isCurating && <CurateDialog onClose={() => setCurating(false)} />}
      <AddScene
        isOpen={add !== undefined}
        jobId={add === 'any' ? null : (add ?? null)}
        onClose={() => change({ add: undefined })}
      />
    </Page>
  )
}
