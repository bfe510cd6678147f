/** A table that scrolls sideways by itself where the page is narrow, and whose rows are cards on a phone. */

import type { CSSProperties, ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Table, type TableProps } from './table'
import classes from './wide-table.module.css'

interface WideTableProps extends Omit<TableProps, 'children'> {
  /** What it is, for those who do not see where it stands. */
  readonly label: string
  /** In pixels; a table that is content with a phone's width stays a table there. */
  readonly minWidth?: number
  /** Without a name: a column of actions. Eight at most. */
  readonly columns: readonly { readonly name: ReactNode; readonly isNumber?: boolean }[]
  /** Rows of the table. */
  readonly children: ReactNode
}

const PHONE_WIDTH = 320

export function WideTable({ label, minWidth = 560, columns, children, ...rest }: WideTableProps) {
  const { t } = useTranslation()
  const isCards = minWidth > PHONE_WIDTH
  const names = columns.map(({ name }, at) => [
    `--column-${at + 1}`,
    typeof name === 'string' && name ? JSON.stringify(name) : 'none',
  ])
  const isLastActions = columns.length > 1 && !columns.at(-1)?.name
  const style = { '--table-width': `${minWidth}px`, ...Object.fromEntries(names) } as CSSProperties
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: keys scroll it.
    <div className={classes.scroll} tabIndex={0}>
      <Table
        verticalSpacing="xs"
        aria-label={label}
        className={isCards ? classes.cards : undefined}
        data-actions={isLastActions || undefined}
        style={style}
        {...rest}
      >
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
    </div>
  )
}
