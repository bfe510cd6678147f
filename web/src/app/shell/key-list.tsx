import { Kbd, Modal, SimpleGrid } from '@mantine/core'
import { useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import { Table } from '@/components/table'
import { useMe } from '@/lib/me'
import { useReturnFocus } from '@/lib/use-return-focus'
import { onPageKeys, shownPageKeys } from './keys'
import { pagesFor } from './pages'

type Row = readonly [keys: string, label: string]

/** All keys that do something here. */
export function KeyList({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation()
  const { role } = useMe()
  const own = useSyncExternalStore(onPageKeys, shownPageKeys)
  const general: readonly Row[] = [
    ['?', t('keys.help')],
    ['Ctrl K', t('keys.palette')],
    ['l', t('keys.freeze')],
    ...pagesFor(role).flatMap(({ key, name }): Row[] => (key ? [[`g ${key}`, t(`nav.${name}`)]] : [])),
  ]
  useReturnFocus()
  return (
    <Modal
      opened
      onClose={onClose}
      size={own.length > 0 ? 'xl' : 'md'}
      title={t('keys.title')}
      closeButtonProps={{ 'aria-label': t('actions.close') }}
    >
      <SimpleGrid cols={{ base: 1, sm: own.length > 0 ? 2 : 1 }} spacing="xl">
        <KeyTable caption={t('keys.everywhere')} rows={general} />
        {own.length > 0 && (
          <KeyTable
            caption={t('keys.thisPage')}
            rows={own.map(({ key, label }) => [key.replace('+', ' '), label])}
          />
        )}
      </SimpleGrid>
    </Modal>
  )
}

function KeyTable({ caption, rows }: { readonly caption: string; readonly rows: readonly Row[] }) {
  return (
    <Table captionSide="top" verticalSpacing={5} style={{ alignSelf: 'start' }}>
      <Table.Caption ta="start">{caption}</Table.Caption>
      <Table.Tbody>
        {rows.map(([keys, label]) => (
          <Table.Tr key={keys}>
            <Table.Td w={120}>
              {keys.split(' ').map((key) => (
                <Kbd key={key} mr={4}>
                  {key}
                </Kbd>
              ))}
            </Table.Td>
            <Table.Td>{label}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
