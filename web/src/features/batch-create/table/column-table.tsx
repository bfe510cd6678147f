import { NativeSelect, Table as RowTable, ScrollArea, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { type ColumnMap, FIELDS, type Field } from './columns'
import type { Table } from './table'

/** Rows shown to see what is in a column. */
const SHOWN = 4

interface ColumnTableProps {
  readonly table: Table
  readonly map: ColumnMap
  readonly onChange: (map: ColumnMap) => void
}

/** The first rows, with what each column is to be above it. */
export function ColumnTable({ table, map, onChange }: ColumnTableProps) {
  const { t } = useTranslation('batch-create')
  const choose = (heading: string, chosen: string) => {
    const field = chosen === '' ? null : (chosen as Field | 'keep')
    // A field comes from one column.
    const others = Object.entries(map).map(([each, of]) => [
      each,
      of === field && of !== 'keep' ? 'keep' : of,
    ])
    onChange({ ...Object.fromEntries(others), [heading]: field })
  }
  const choices = [
    ...FIELDS.map((field) => ({ value: field, label: t(`field.${field}`) })),
    { value: 'keep', label: t('table.keep') },
    { value: '', label: t('table.leaveOut') },
  ]
  return (
    <ScrollArea type="auto" offsetScrollbars>
      <RowTable withTableBorder withColumnBorders verticalSpacing={6} layout="auto">
        <caption className="visually-hidden">{t('table.caption')}</caption>
        <RowTable.Thead>
          <RowTable.Tr>
            {table.headings.map((heading) => (
              <RowTable.Th key={heading} miw={150} scope="col">
                <Text size="xs" c="dimmed" truncate maw={240} mb={4} fw={500}>
                  {heading}
                </Text>
                <NativeSelect
                  size="xs"
                  aria-label={t('table.column', { heading })}
                  data={choices}
                  value={map[heading] ?? ''}
                  onChange={(event) => choose(heading, event.currentTarget.value)}
                />
              </RowTable.Th>
            ))}
          </RowTable.Tr>
        </RowTable.Thead>
        <RowTable.Tbody>
          {table.rows.slice(0, SHOWN).map(({ number, cells }) => (
            <RowTable.Tr key={number}>
              {table.headings.map((heading, at) => (
                <RowTable.Td key={heading} c={map[heading] ? undefined : 'dimmed'}>
                  <Text size="sm" lineClamp={2} maw={320}>
                    {shown(cells[at])}
                  </Text>
                </RowTable.Td>
              ))}
            </RowTable.Tr>
          ))}
        </RowTable.Tbody>
      </RowTable>
    </ScrollArea>
  )
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}
