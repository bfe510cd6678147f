/** A plain table. Mantine's brings its scroll areas along, and with them what makes things float. */

import { Box, type BoxProps, getSpacing, type MantineSpacing } from '@mantine/core'
import type { ComponentProps, JSX } from 'react'
import classes from './table.module.css'

type Part<Tag extends keyof JSX.IntrinsicElements> = BoxProps & Omit<ComponentProps<Tag>, keyof BoxProps>

function part<Tag extends 'caption' | 'thead' | 'tbody' | 'tr' | 'th' | 'td'>(
  tag: Tag,
  own: string | undefined,
) {
  return function TablePart({ className, ...rest }: Part<Tag>) {
    return <Box component={tag as 'td'} className={join(own, className)} {...(rest as Part<'td'>)} />
  }
}

export interface TableProps extends Part<'table'> {
  readonly verticalSpacing?: MantineSpacing
  readonly horizontalSpacing?: MantineSpacing
  readonly captionSide?: 'top' | 'bottom'
}

export function Table({
  className,
  verticalSpacing,
  horizontalSpacing,
  captionSide,
  style,
  ...rest
}: TableProps) {
  const own = {
    '--cell-block': getSpacing(verticalSpacing),
    '--cell-inline': getSpacing(horizontalSpacing),
    captionSide,
  }
  return <Box component="table" className={join(classes.table, className)} style={[own, style]} {...rest} />
}

Table.Caption = part('caption', classes.caption)
Table.Thead = part('thead', classes.head)
Table.Tbody = part('tbody', classes.body)
Table.Tr = part('tr', classes.row)
Table.Th = part('th', classes.heading)
Table.Td = part('td', classes.cell)

function join(...names: readonly (string | undefined)[]): string {
  return names.filter(Boolean).join(' ')
}
