import { Anchor, Badge, Card, Checkbox, Group, Stack, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { CATEGORY_LOOK } from './category-look'
import type { LibraryItem } from './library'
import classes from './scene-card.module.css'
import { SceneFigures } from './scene-figures'
import { sceneName } from './scene-name'

interface SceneCardProps {
  readonly item: LibraryItem
  readonly isSelected: boolean
  readonly onSelect?: () => void
  readonly onOpen: () => void
  readonly onTag: (tag: string) => void
}

/** Tags shown of many. */
const MOST_TAGS = 4

export function SceneCard({ item, isSelected, onSelect, onOpen, onTag }: SceneCardProps) {
  const { t } = useTranslation('library')
  const name = sceneName(item)
  const { color, icon: IconOf } = CATEGORY_LOOK[item.library_category]
  const tags = [...item.specific_tags, ...item.generic_tags]
  return (
    <Card
      padding="md"
      style={isSelected ? { borderColor: 'var(--mantine-primary-color-filled)' } : undefined}
    >
      <Stack gap="xs" h="100%">
        <Group justify="space-between" wrap="nowrap" align="flex-start" gap="xs">
          <Anchor
            component="button"
            type="button"
            c="inherit"
            fw={600}
            ta="start"
            lineClamp={2}
            className={classes.title}
            onClick={onOpen}
            aria-label={t('card.open', { name })}
          >
            {name}
          </Anchor>
          {onSelect && (
            // biome-ignore lint/a11y/noLabelWithoutControl: the checkbox is within it, and has its name.
            <label className={classes.select}>
              <Checkbox checked={isSelected} onChange={onSelect} aria-label={t('card.select', { name })} />
            </label>
          )}
        </Group>
        <Text size="sm" c="dimmed" lineClamp={3} flex={1}>
          {item.voiceover_text}
        </Text>
        <Group gap={6} className={classes.tags}>
          <Badge size="sm" color={color} leftSection={<IconOf size={12} aria-hidden />}>
            {item.is_own ? t(`category.${item.library_category}`) : t('item.ofOthers')}
          </Badge>
          {tags.slice(0, MOST_TAGS).map((tag) => (
            <Badge
              key={tag}
              component="button"
              type="button"
              size="sm"
              color="gray"
              variant="default"
              className={classes.tag}
              onClick={() => onTag(tag)}
            >
              {tag}
            </Badge>
          ))}
          {tags.length > MOST_TAGS && (
            <Text size="xs" c="dimmed">
              +{tags.length - MOST_TAGS}
            </Text>
          )}
        </Group>
        <SceneFigures item={item} />
      </Stack>
    </Card>
  )
}
