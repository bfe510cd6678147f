/** Ctrl+K: find a page, a project or a batch by a few letters. */

import { Combobox, Group, Modal, Text, TextInput, useCombobox } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { type Icon, IconFolders, IconMovie, IconSearch, IconStack2 } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { type RefObject, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useMe } from '@/lib/me'
import { useReturnFocus } from '@/lib/use-return-focus'
import { pagesFor } from './pages'
import { type Found, findEverywhere } from './palette-search'

const ICONS: Record<Found['kind'], Icon> = { project: IconFolders, batch: IconStack2, job: IconMovie }

interface PaletteProps {
  /** What was typed before it was there; it begins with that. */
  readonly typed: RefObject<string>
  readonly onClose: () => void
}

export function Palette({ typed, onClose }: PaletteProps) {
  const { t } = useTranslation()
  useReturnFocus()
  return (
    <Modal
      opened
      onClose={onClose}
      withCloseButton={false}
      padding={0}
      yOffset="12vh"
      centered={false}
      attributes={{ content: { 'aria-label': t('palette.label') } }}
    >
      <PaletteSearch typed={typed} onClose={onClose} />
    </Modal>
  )
}

/** Begins anew each time it is opened, with the first of its options chosen. */
function PaletteSearch({ typed, onClose }: PaletteProps) {
  const { t } = useTranslation()
  const { role } = useMe()
  const router = useRouter()
  // Its options are always there; Enter chooses one only while it counts as open.
  const combobox = useCombobox({ opened: true })
  const [text, setText] = useState(() => typed.current)
  const [wanted] = useDebouncedValue(text.trim(), 200)
  const found = useQuery({
    queryKey: ['palette', wanted],
    queryFn: () => findEverywhere(wanted),
    enabled: wanted.length > 1,
  })
  const pages = pagesFor(role)
    .map(({ to, name, icon }) => ({ value: to as string, label: t(`nav.${name}`), icon }))
    .filter(({ label }) => label.toLowerCase().includes(text.trim().toLowerCase()))
  const ofKind = (kind: Found['kind']) =>
    (found.data ?? []).filter((row) => row.kind === kind).map((row) => ({ ...row, icon: ICONS[kind] }))
  const groups = [
    { name: 'pages', options: pages },
    { name: 'projects', options: ofKind('project') },
    { name: 'batches', options: ofKind('batch') },
    { name: 'jobs', options: ofKind('job') },
  ].filter(({ options }) => options.length > 0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the first of every new list.
  useEffect(() => {
    combobox.selectFirstOption()
  }, [text, found.data])
  const go = (to: string) => {
    onClose()
    router.history.push(`${import.meta.env.BASE_URL.replace(/\/$/, '')}${to}`)
  }
  return (
    <Combobox store={combobox} onOptionSubmit={go}>
      <Combobox.EventsTarget>
        <TextInput
          data-autofocus
          // At once, and not after the dialog's first frame: one goes on typing.
          autoFocus
          size="md"
          variant="unstyled"
          px="md"
          py={6}
          leftSection={<IconSearch size={18} aria-hidden />}
          placeholder={t('palette.placeholder')}
          aria-label={t('palette.label')}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          // The combobox takes this key, since its list counts as open.
          onKeyDown={(event) => event.key === 'Escape' && onClose()}
        />
      </Combobox.EventsTarget>
      <Combobox.Options
        aria-label={t('palette.label')}
        mah="min(420px, 60dvh)"
        style={{ overflowY: 'auto' }}
        p={4}
      >
        {groups.length === 0 && (
          <Combobox.Empty>{t(found.isFetching ? 'loading' : 'palette.nothing')}</Combobox.Empty>
        )}
        {groups.map(({ name, options }) => (
          <Combobox.Group key={name} label={t(`palette.${name}`)}>
            {options.map(({ value, label, icon: IconOf }) => (
              <Combobox.Option key={value} value={value}>
                <Group gap="sm" wrap="nowrap">
                  <IconOf size={17} stroke={1.7} aria-hidden style={{ flex: 'none' }} />
                  <Text span inherit truncate dir="auto">
                    {label}
                  </Text>
                </Group>
              </Combobox.Option>
            ))}
          </Combobox.Group>
        ))}
      </Combobox.Options>
    </Combobox>
  )
}
