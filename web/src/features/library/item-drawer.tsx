import { Drawer, Group, Skeleton, Stack, Tabs, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { useIs } from '@/lib/me'
import { ItemActions } from './item-actions'
import { ItemEdit } from './item-edit'
import { ItemUses } from './item-uses'
import { ItemVersions } from './item-versions'
import { itemQuery, type LibraryItem } from './library'
import { SceneFigures } from './scene-figures'
import { sceneName } from './scene-name'
import { SceneVideo } from './scene-video'

interface ItemDrawerProps {
  readonly id: string | null
  /** As the list knows it; of scenes of other teams there is nothing more. */
  readonly shown: LibraryItem | undefined
  readonly onClose: () => void
}

/** All of one scene of the library. */
export function ItemDrawer({ id, shown, onClose }: ItemDrawerProps) {
  const { t } = useTranslation('library')
  const { t: common } = useTranslation()
  return (
    <Drawer
      opened={id !== null}
      onClose={onClose}
      position="right"
      size="lg"
      title={t('item.details')}
      closeButtonProps={{ 'aria-label': common('actions.close') }}
    >
      {id !== null && <Details id={id} shown={shown} onClose={onClose} />}
    </Drawer>
  )
}

interface DetailsProps {
  readonly id: string
  readonly shown: LibraryItem | undefined
  readonly onClose: () => void
}

function Details({ id, shown, onClose }: DetailsProps) {
  const { t } = useTranslation('library')
  const mayChange = useIs('editor')
  const isOfOthers = shown?.is_own === false
  const { data, error, refetch } = useQuery({ ...itemQuery(id), enabled: !isOfOthers })
  const item = data ?? shown
  if (error) return <Failed error={error} onRetry={() => void refetch()} />
  if (!item) return <Skeleton h={320} />
  return (
    <Stack gap="md">
      <div>
        <Text fw={650} size="lg">
          {sceneName(item)}
        </Text>
        <SceneFigures item={item} />
      </div>
      {item.is_own && item.scene_id && <SceneVideo sceneId={item.scene_id} />}
      <Field label={t('item.narration')} text={item.voiceover_text} />
      {item.visual_description && <Field label={t('item.picture')} text={item.visual_description} />}
      <Group gap="xs">
        <ItemActions item={item} mayChange={mayChange} onGone={onClose} />
      </Group>
      {item.is_own && (
        <Tabs defaultValue="tags" keepMounted={false}>
          <Tabs.List>
            <Tabs.Tab value="tags">{t('filters.tags')}</Tabs.Tab>
            <Tabs.Tab value="uses">{t('item.uses')}</Tabs.Tab>
            <Tabs.Tab value="versions">{t('item.versions')}</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="tags" pt="md">
            <ItemEdit key={item.version} item={item} mayChange={mayChange} />
          </Tabs.Panel>
          <Tabs.Panel value="uses" pt="md">
            <ItemUses id={item.id} />
          </Tabs.Panel>
          <Tabs.Panel value="versions" pt="md">
            <ItemVersions id={item.id} mayChange={mayChange} />
          </Tabs.Panel>
        </Tabs>
      )}
    </Stack>
  )
}

function Field({ label, text }: { readonly label: string; readonly text: string }) {
  return (
    <div>
      <Text size="xs" c="dimmed" fw={550}>
        {label}
      </Text>
      <Text size="sm">{text}</Text>
    </div>
  )
}
