import { Box, Button, Group, Modal, Skeleton, Stack, Text } from '@mantine/core'
import { IconBooks, IconCheck } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Empty } from '@/components/empty'
import { itemsOf } from '@/components/endless'
import { Failed } from '@/components/failed'
import { FilterText } from '@/components/filter-text'
import { libraryQuery } from './library'
import { SceneFigures } from './scene-figures'
import { sceneName } from './scene-name'

interface ScenePickerProps {
  readonly isOpen: boolean
  readonly chosen: readonly string[]
  readonly onPick: (itemId: string) => void
  readonly onClose: () => void
}

/** Scenes to choose from, found by their words. */
export function ScenePicker({ isOpen, chosen, onPick, onClose }: ScenePickerProps) {
  const { t } = useTranslation('library')
  const { t: shared } = useTranslation()
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      size="lg"
      title={t('picker.title')}
      closeButtonProps={{ 'aria-label': shared('actions.close') }}
    >
      <Choices chosen={chosen} onPick={onPick} />
    </Modal>
  )
}

function Choices({ chosen, onPick }: Pick<ScenePickerProps, 'chosen' | 'onPick'>) {
  const { t } = useTranslation('library')
  const [text, setText] = useState<string | undefined>()
  const found = useInfiniteQuery(libraryQuery({ ...(text ? { text } : {}), order: 'performance' }))
  const items = itemsOf(found.data).filter((each) => each.library_category !== 'archived')
  return (
    <Stack>
      <FilterText label={t('filters.text')} value={text} onChange={setText} data-autofocus />
      {found.isPending && [1, 2, 3].map((each) => <Skeleton key={each} h={58} />)}
      {found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />}
      {found.data && items.length === 0 && <Empty icon={IconBooks} title={t('picker.none')} />}
      {items.map((item) => {
        const isChosen = chosen.includes(item.id)
        return (
          <Group key={item.id} wrap="nowrap" gap="sm" align="flex-start">
            <Box flex={1} miw={0}>
              <Text size="sm" fw={550} truncate>
                {sceneName(item)}
              </Text>
              <Text size="xs" c="dimmed" lineClamp={2}>
                {item.voiceover_text}
              </Text>
              <SceneFigures item={item} />
            </Box>
            <Button
              size="xs"
              variant="default"
              disabled={isChosen}
              leftSection={isChosen ? <IconCheck size={14} aria-hidden /> : undefined}
              onClick={() => onPick(item.id)}
              aria-label={t('picker.take', { name: sceneName(item) })}
            >
              {isChosen ? t('picker.chosen') : t('reuse.add')}
            </Button>
          </Group>
        )
      })}
    </Stack>
  )
}
