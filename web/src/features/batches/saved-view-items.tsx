import { ActionIcon, Button, Group, Menu, TextInput } from '@mantine/core'
import { IconTrash } from '@tabler/icons-react'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { QueueFilters } from './queue-filters'
import type { SavedView } from './saved-views'

export interface SavedViewItemsProps {
  readonly views: readonly SavedView[]
  readonly onChoose: (filters: QueueFilters) => void
  readonly onForget: (view: SavedView) => void
  readonly onKeep: (name: string) => void
}

export function SavedViewItems({ views, onChoose, onForget, onKeep }: SavedViewItemsProps) {
  const { t } = useTranslation('batches')
  const [name, setName] = useState('')
  const keep = (event: FormEvent) => {
    event.preventDefault()
    const wanted = name.trim()
    if (!wanted) return
    onKeep(wanted)
    setName('')
  }
  return (
    <>
      {views.map((view) => (
        <Group key={view.name} gap={0} wrap="nowrap">
          <Menu.Item onClick={() => onChoose(view.filters)}>{view.name}</Menu.Item>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={t('views.forget', { name: view.name })}
            onClick={() => onForget(view)}
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
    </>
  )
}
