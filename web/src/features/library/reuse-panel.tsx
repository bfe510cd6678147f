/** Scenes of the library that are to be in new videos: the best of a tag, or single ones. */

import {
  ActionIcon,
  Autocomplete,
  Box,
  Button,
  Group,
  NumberInput,
  Skeleton,
  Stack,
  Text,
} from '@mantine/core'
import { IconBooks, IconTag, IconX } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { type KeyboardEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { bestOfTagQuery, itemQuery, tagsQuery } from './library'
import classes from './reuse-panel.module.css'
import type { ReuseWish } from './reuse-wish'
import { sceneName } from './scene-name'
import { ScenePicker } from './scene-picker'

interface ReusePanelProps {
  readonly value: readonly ReuseWish[]
  readonly onChange: (wishes: readonly ReuseWish[]) => void
}

/** Wishes that a request takes. */
const MOST = 20

export function ReusePanel({ value, onChange }: ReusePanelProps) {
  const { t } = useTranslation('library')
  const [tag, setTag] = useState('')
  const [isPicking, setIsPicking] = useState(false)
  const { data: tags } = useQuery(tagsQuery)
  const used = new Set(value.flatMap((wish) => ('tag' in wish ? wish.tag : [])))
  const isFull = value.length >= MOST
  const addTag = (name: string) => {
    const wanted = name.trim()
    if (wanted && !used.has(wanted) && !isFull) onChange([...value, { tag: wanted, limit: 1 }])
    setTag('')
  }
  const addOnEnter = (event: KeyboardEvent) => {
    if (event.key !== 'Enter') return
    event.preventDefault()
    addTag(tag)
  }
  const replace = (old: ReuseWish, next: ReuseWish | null) =>
    onChange(value.flatMap((wish) => (wish === old ? (next ?? []) : wish)))
  return (
    <Stack gap="sm">
      <Group align="flex-end" gap="xs">
        <Autocomplete
          label={t('reuse.tag')}
          placeholder={t('reuse.tagExample')}
          leftSection={<IconTag size={16} aria-hidden />}
          data={tags?.filter((each) => !used.has(each)) ?? []}
          disabled={isFull}
          value={tag}
          onChange={setTag}
          onOptionSubmit={addTag}
          onKeyDown={addOnEnter}
          flex={1}
          miw={180}
        />
        <Button variant="default" onClick={() => addTag(tag)} disabled={!tag.trim() || isFull}>
          {t('reuse.add')}
        </Button>
        <Button
          variant="default"
          leftSection={<IconBooks size={16} aria-hidden />}
          onClick={() => setIsPicking(true)}
          disabled={isFull}
        >
          {t('reuse.pick')}
        </Button>
      </Group>
      {value.length > 0 && (
        <Stack gap="xs" component="ul" className={classes.wishes}>
          {value.map((wish) => (
            <li key={'tag' in wish ? `tag ${wish.tag}` : wish.item}>
              {'tag' in wish ? (
                <TagWish wish={wish} onChange={(next) => replace(wish, next)} />
              ) : (
                <ItemWish wish={wish} onRemove={() => replace(wish, null)} />
              )}
            </li>
          ))}
        </Stack>
      )}
      <ScenePicker
        isOpen={isPicking}
        chosen={value.flatMap((wish) => ('item' in wish ? wish.item : []))}
        onPick={(item) => onChange([...value, { item }])}
        onClose={() => setIsPicking(false)}
      />
    </Stack>
  )
}

interface TagWishProps {
  readonly wish: { readonly tag: string; readonly limit: number }
  readonly onChange: (wish: ReuseWish | null) => void
}

function TagWish({ wish, onChange }: TagWishProps) {
  const { t } = useTranslation('library')
  const { data: found } = useQuery(bestOfTagQuery(wish.tag, wish.limit))
  return (
    <Box className={classes.wish}>
      <Group wrap="nowrap" gap="sm">
        <IconTag size={18} aria-hidden style={{ flexShrink: 0 }} />
        <Text size="sm" fw={550} flex={1} miw={0} truncate>
          {wish.tag}
        </Text>
        <NumberInput
          size="xs"
          w={76}
          min={1}
          max={20}
          allowDecimal={false}
          clampBehavior="strict"
          aria-label={t('reuse.limit', { tag: wish.tag })}
          value={wish.limit}
          onChange={(limit) => onChange({ ...wish, limit: Number(limit) || 1 })}
        />
        <Remove label={t('reuse.remove', { name: wish.tag })} onClick={() => onChange(null)} />
      </Group>
      {found === undefined ? (
        <Skeleton h={16} mt={6} />
      ) : found.length === 0 ? (
        <Text size="xs" c="var(--mantine-color-error)" mt={4}>
          {t('reuse.none')}
        </Text>
      ) : (
        <Text size="xs" c="dimmed" mt={4} lineClamp={2}>
          {t('reuse.now', { scenes: found.map(sceneName).join(' · ') })}
        </Text>
      )}
    </Box>
  )
}

function ItemWish({
  wish,
  onRemove,
}: {
  readonly wish: { readonly item: string }
  readonly onRemove: () => void
}) {
  const { t } = useTranslation('library')
  const { data, error } = useQuery(itemQuery(wish.item))
  const name = data ? sceneName(data) : ''
  return (
    <Group wrap="nowrap" gap="sm" className={classes.wish}>
      <IconBooks size={18} aria-hidden style={{ flexShrink: 0 }} />
      {error ? (
        <Text size="sm" flex={1} c="var(--mantine-color-error)">
          {t('reuse.gone')}
        </Text>
      ) : data ? (
        <Text size="sm" flex={1} miw={0} truncate>
          {name}
        </Text>
      ) : (
        <Skeleton h={18} flex={1} />
      )}
      <Remove label={t('reuse.remove', { name })} onClick={onRemove} />
    </Group>
  )
}

function Remove({ label, onClick }: { readonly label: string; readonly onClick: () => void }) {
  return (
    <ActionIcon variant="subtle" color="gray" aria-label={label} onClick={onClick}>
      <IconX size={16} aria-hidden />
    </ActionIcon>
  )
}
