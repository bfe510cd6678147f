/** Ctrl+K: find a page, a project or a batch by a few letters. */

import { Combobox, Modal, Text, TextInput, useCombobox } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useMe } from '@/lib/me'
import { pagesFor } from './pages'
import { findEverywhere } from './palette-search'

export function Palette({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) {
  const { t } = useTranslation()
  const { role } = useMe()
  const router = useRouter()
  // Its options are always there; Enter chooses one only while it counts as open.
  const combobox = useCombobox({ opened: true })
  const [text, setText] = useState('')
  const [wanted] = useDebouncedValue(text.trim(), 200)
  const found = useQuery({
    queryKey: ['palette', wanted],
    queryFn: () => findEverywhere(wanted),
    enabled: isOpen && wanted.length > 1,
  })
  const pages = pagesFor(role)
    .map(({ to, name }) => ({ value: to as string, label: t(`nav.${name}`), kind: t('palette.page') }))
    .filter(({ label }) => label.toLowerCase().includes(text.trim().toLowerCase()))
  const rows = (found.data ?? []).map((row) => ({ ...row, kind: t(`palette.${row.kind}`) }))
  const options = [...pages, ...rows]
  // biome-ignore lint/correctness/useExhaustiveDependencies: the first of every new list.
  useEffect(() => {
    combobox.selectFirstOption()
  }, [text, found.data])
  const go = (to: string) => {
    onClose()
    setText('')
    router.history.push(`${import.meta.env.BASE_URL.replace(/\/$/, '')}${to}`)
  }
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      withCloseButton={false}
      padding={0}
      yOffset="12vh"
      centered={false}
      aria-label={t('palette.label')}
    >
      <Combobox store={combobox} onOptionSubmit={go}>
        <Combobox.EventsTarget>
          <TextInput
            data-autofocus
            size="md"
            variant="unstyled"
            px="md"
            py={6}
            leftSection={<IconSearch size={18} aria-hidden />}
            placeholder={t('palette.placeholder')}
            aria-label={t('palette.label')}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
        </Combobox.EventsTarget>
        <Combobox.Options mah={360} style={{ overflowY: 'auto' }} p={4}>
          {options.length === 0 && <Combobox.Empty>{t('palette.nothing')}</Combobox.Empty>}
          {options.map(({ value, label, kind }) => (
            <Combobox.Option key={value} value={value}>
              {label}
              <Text span size="xs" c="dimmed" ms="xs">
                {kind}
              </Text>
            </Combobox.Option>
          ))}
        </Combobox.Options>
      </Combobox>
    </Modal>
  )
}
