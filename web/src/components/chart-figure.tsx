/**
 * A chart with its caption and a table of the same figures. Charts are pictures for screen readers; the table is the
 * way to read them, and to take them along as CSV.
 */

import { Box, Button, Card, Group, Skeleton, Text } from '@mantine/core'
import { IconDownload, IconTable } from '@tabler/icons-react'
import { type ReactNode, Suspense, useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Cell, saveCsv } from '@/lib/save'
import classes from './chart-figure.module.css'
import { ErrorBoundary } from './error-boundary'
import { Table } from './table'
import { WideTable } from './wide-table'

export interface ChartColumn<Row> {
  readonly name: string
  readonly isNumber?: boolean
  /** The value as it is, for the CSV. */
  readonly read: (row: Row) => Cell
  /** The value as it is shown; else as it is. */
  readonly show?: (row: Row) => ReactNode
}

interface ChartFigureProps<Row> {
  readonly title: string
  readonly caption?: string
  /** Of the CSV. */
  readonly fileName: string
  /** Nothing yet: they are being fetched. */
  readonly rows: readonly Row[] | undefined
  readonly columns: readonly ChartColumn<Row>[]
  /** A lazily loaded chart. */
  readonly chart: ReactNode
}

const HEIGHT = 260

export function ChartFigure<Row>({ title, caption, fileName, rows, columns, chart }: ChartFigureProps<Row>) {
  const { t } = useTranslation()
  const [isTable, setTable] = useState(false)
  const id = useId()
  const save = () =>
    void saveCsv(
      `${fileName}.csv`,
      columns.map(({ name }) => name),
      (rows ?? []).map((row) => columns.map(({ read }) => read(row))),
    )
  return (
    <Card component="figure" m={0} aria-labelledby={id}>
      <Group component="figcaption" justify="space-between" align="flex-start" wrap="nowrap" gap="xs" mb="sm">
        <div>
          <Text fw={600} id={id}>
            {title}
          </Text>
          {caption && (
            <Text size="xs" c="dimmed">
              {caption}
            </Text>
          )}
        </div>
        {rows && rows.length > 0 && (
          <Group gap={6} wrap="nowrap">
            <Button
              size="compact-sm"
              variant="default"
              aria-pressed={isTable}
              aria-label={t('chart.tableOf', { title })}
              leftSection={<IconTable size={14} aria-hidden />}
              className={classes.toggle}
              onClick={() => setTable(!isTable)}
            >
              {t('chart.table')}
            </Button>
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconDownload size={14} aria-hidden />}
              aria-label={t('chart.csvOf', { title })}
              onClick={save}
            >
              {t('chart.csv')}
            </Button>
          </Group>
        )}
      </Group>
      {!rows && <Skeleton h={HEIGHT} />}
      {rows?.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('chart.nothing')}
        </Text>
      )}
      {rows && rows.length > 0 && !isTable && (
        <Box h={HEIGHT} aria-hidden>
          <ErrorBoundary>
            <Suspense fallback={<Skeleton h={HEIGHT} />}>{chart}</Suspense>
          </ErrorBoundary>
        </Box>
      )}
      {rows && rows.length > 0 && isTable && (
        <WideTable label={title} minWidth={320} columns={columns}>
          {rows.map((row, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows of figures have no other name.
            <Table.Tr key={at} className="figures">
              {columns.map(({ name, isNumber, read, show }) => (
                <Table.Td key={name} ta={isNumber ? 'end' : 'start'}>
                  {show ? show(row) : (read(row) ?? '–')}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </WideTable>
      )}
    </Card>
  )
}
