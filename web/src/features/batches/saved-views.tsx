/** Filters kept under a name, in this browser. */

import { ActionIcon, Button, Group, Menu, TextInput } from '@mantine/core'
import { useLocalStorage } from '@mantine/hooks'
import { IconBookmark, IconTrash } from '@tabler/icons-react'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useMe } from '@/lib/me'
import { type QueueFilters, validateQueueSearch } from './queue-filters'

interface SavedView {
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
  const [name, setName] = useState('')
  const keep = (event: FormEvent) => {
    event.preventDefault()
    const wanted = name.trim()
    if (!wanted) return
    // A view of one project is of use in all others.
    const { project, ...others } = filters
    const kept = isOfProject ? others : { ...others, project }
    setViews([...views.filter((view) => view.name !== wanted), { name: wanted, filters: kept }])
    setName('')
  }
  return (
    <Menu position="bottom-end" width={280} trapFocus>
      <Menu.Target>
        <Button variant="default" leftSection={<IconBookmark size={16} aria-hidden />}>
          {t('views.open')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {views.map((view) => (
          <Group key={view.name} gap={0} wrap="nowrap">
            <Menu.Item
              onClick={() =>
                onChoose(isOfProject ? { ...view.filters, project: filters.project } : view.filters)
              }
            >
              {view.name}
            </Menu.Item>
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={t('views.forget', { name: view.name })}
              onClick={() => setViews(views.filter((each) => each !== view))}
            >
              <IconTrash size={15} aria-hidden />
            </ActionIcon>
          </Group>
        ))}
        {views.length > 0 && <Menu.Divider />}
        <form onSubmit={keep}>
          <Group gap="xs" p={6} wrap="nowrap">
            <TextInput
              flex={1}
              size="xs"
              aria-label={t('views.name')}
              placeholder={t('views.name')}
              maxLength={60}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              // The menu has keys of its own.
              onKeyDown={(event) => event.key !== 'Escape' && event.stopPropagation()}
            />
            <Button size="xs" type="submit" disabled={!name.trim()}>
              {t('views.keep')}
            </Button>
          </Group>
        </form>
      </Menu.Dropdown>
    </Menu>
  )
}
