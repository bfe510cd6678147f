/** A table that scrolls sideways by itself where the page is narrow. */

import { Table, type TableProps } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

interface WideTableProps extends Omit<TableProps, 'children'> {
  /** What it is, for those who do not see where it stands. */
  readonly label: string
  readonly minWidth?: number
  /** Without a name: a column of actions. */
  readonly columns: readonly { readonly name: ReactNode; readonly isNumber?: boolean }[]
  /** Rows of the table. */
  readonly children: ReactNode
}

export function WideTable({ label, minWidth = 560, columns, children, ...rest }: WideTableProps) {
  const { t } = useTranslation()
  return (
    <Table.ScrollContainer minWidth={minWidth} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table verticalSpacing="xs" aria-label={label} {...rest}>
        <Table.Thead>
          <Table.Tr>
            {columns.map(({ name, isNumber }, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: columns keep their places.
              <Table.Th key={at} ta={isNumber ? 'end' : 'start'} fz="xs" c="dimmed" fw={600}>
                {name || <span className="visually-hidden">{t('control.actions')}</span>}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
