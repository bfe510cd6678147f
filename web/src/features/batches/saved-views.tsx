/** Filters kept under a name, in this browser. */

import { Button } from '@mantine/core'
import { useLocalStorage } from '@mantine/hooks'
import { IconBookmark } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { LazyMenu } from '@/components/lazy-menu'
import { useMe } from '@/lib/me'
import { type QueueFilters, validateQueueSearch } from './queue-filters'

export interface SavedView {
  readonly name: string
  readonly filters: QueueFilters
}

/** What another version of the app has kept may not be understood; that is left out. */
export function readViews(text: string | undefined): SavedView[] {
  if (!text) return []
  let kept: unknown
  try {
    kept = JSON.parse(text)
  } catch {
    return []
  }
  if (!Array.isArray(kept)) return []
  return kept.flatMap((each: unknown) => {
    const { name, filters } = (each ?? {}) as Record<string, unknown>
    if (typeof name !== 'string' || typeof filters !== 'object' || filters === null) return []
    const { page: _, ...known } = validateQueueSearch(filters as Record<string, unknown>)
    return [{ name, filters: known }]
  })
}

const items = () => import('./saved-view-items').then(({ SavedViewItems }) => ({ default: SavedViewItems }))

interface SavedViewsProps {
  readonly filters: QueueFilters
  readonly isOfProject: boolean
  readonly onChoose: (filters: QueueFilters) => void
}

export function SavedViews({ filters, isOfProject, onChoose }: SavedViewsProps) {
  const { t } = useTranslation('batches')
  const { tenant } = useMe()
  const [views, setViews] = useLocalStorage<SavedView[]>({
    key: `cliprow.views.${isOfProject ? 'project' : 'batches'}.${tenant?.id}`,
    defaultValue: [],
    deserialize: readViews,
    getInitialValueInEffect: false,
  })
  const keep = (name: string) => {
    // A view of one project is of use in all others.
    const { project, ...others } = filters
    const kept = isOfProject ? others : { ...others, project }
    setViews([...views.filter((view) => view.name !== name), { name, filters: kept }])
  }
  const choose = (wanted: QueueFilters) =>
    onChoose(isOfProject ? { ...wanted, project: filters.project } : wanted)
  return (
    <LazyMenu
      items={items}
      itemProps={{
        views,
        onChoose: choose,
        onForget: (view: SavedView) => setViews(views.filter((each) => each !== view)),
        onKeep: keep,
      }}
      position="bottom-end"
      width={280}
      trapFocus
    >
      <Button variant="default" leftSection={<IconBookmark size={16} aria-hidden />}>
        {t('views.open')}
      </Button>
    </LazyMenu>
  )
}
