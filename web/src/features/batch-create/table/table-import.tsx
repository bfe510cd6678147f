/** A table on its way to topics: which column is what, the first rows as they would become, what was not read. */

import { Alert, Button, Checkbox, Group, Skeleton, Stack, Text } from '@mantine/core'
import { IconInfoCircle } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { platformsQuery } from '@/components/platform-names'
import { formatNumber } from '@/lib/format'
import { sayError } from '@/lib/say'
import type { NumberedTopic } from '../draft'
import { ColumnTable } from './column-table'
import { type ColumnMap, guessColumns, topicsOf } from './columns'
import { columnsQuery, rememberColumns } from './remembered-columns'
import { type Table, withHeadings } from './table'

interface TableImportProps {
  readonly name: string
  readonly table: Table
  readonly onTopics: (rows: readonly NumberedTopic[]) => void
  readonly onCancel: () => void
}

export function TableImport(props: TableImportProps) {
  // Without what was chosen before, the columns are guessed.
  const { data: remembered, isPending } = useQuery(columnsQuery)
  return isPending ? <Skeleton h={320} /> : <Columns {...props} remembered={remembered ?? {}} />
}

interface ColumnsProps extends TableImportProps {
  readonly remembered: ColumnMap
}

function Columns({ name, table: read, remembered, onTopics, onCancel }: ColumnsProps) {
  const { t } = useTranslation('batch-create')
  const client = useQueryClient()
  const [table, setTable] = useState(read)
  const [map, setMap] = useState<ColumnMap>(() => guessColumns(table, remembered))
  const { data: platforms } = useQuery(platformsQuery)
  const names = useMemo(
    () =>
      new Map(
        platforms?.flatMap((each) =>
          [each.label, each.platform].map((n) => [n.toLowerCase(), each.platform]),
        ),
      ),
    [platforms],
  )
  const found = useRef<HTMLParagraphElement>(null)
  // What the table came from is gone, and the focus with it.
  useEffect(() => found.current?.focus(), [])
  const hasTopic = Object.values(map).includes('topic')
  const use = () => {
    void rememberColumns(client, map).catch(sayError)
    onTopics(topicsOf(table, map, names))
  }
  return (
    <Stack gap="sm">
      <Text ref={found} tabIndex={-1} size="sm" style={{ outline: 'none' }}>
        {t('table.found', { name, count: table.rows.length, shown: formatNumber(table.rows.length) })}
      </Text>
      {table.isEncodingGuess && (
        <Alert color="yellow" icon={<IconInfoCircle aria-hidden />} role="note">
          {t('table.encoding', { encoding: table.encoding.toUpperCase() })}
        </Alert>
      )}
      {table.isCut && (
        <Alert color="yellow" icon={<IconInfoCircle aria-hidden />} role="note">
          {t('table.cut', { count: table.rows.length, shown: formatNumber(table.rows.length) })}
        </Alert>
      )}
      {table.faults.length > 0 && (
        <Alert color="yellow" icon={<IconInfoCircle aria-hidden />} role="note">
          {t('table.faults', {
            count: table.faults.length,
            rows: table.faults
              .slice(0, 5)
              .map(({ number }) => formatNumber(number))
              .join(', '),
          })}
        </Alert>
      )}
      {read.isCells && (
        <Checkbox
          label={t('table.hasHeadings')}
          checked={table.hasHeadings}
          onChange={(event) => {
            const next = withHeadings(read, event.currentTarget.checked)
            setTable(next)
            setMap(guessColumns(next, remembered))
          }}
        />
      )}
      <ColumnTable table={table} map={map} onChange={setMap} />
      {!hasTopic && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          {t('table.noTopic')}
        </Text>
      )}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onCancel}>
          {t('table.other')}
        </Button>
        <Button onClick={use} disabled={!hasTopic}>
          {t('table.use', { count: table.rows.length, shown: formatNumber(table.rows.length) })}
        </Button>
      </Group>
    </Stack>
  )
}
