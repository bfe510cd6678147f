import { useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { describeError } from '@/lib/describe-error'
import { readTable, TableRefused } from './read-table'
import type { Table } from './table'

export interface OpenTable {
  readonly name: string
  readonly table: Table
}

/** A table that is being read or looked at. */
export function useTable() {
  const { t } = useTranslation('batch-create')
  const [open, setOpen] = useState<OpenTable | null>(null)
  const [isReading, setIsReading] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const read = useCallback(
    async (source: File | string, name: string) => {
      setIsReading(true)
      setRefusal(null)
      try {
        setOpen({ name, table: await readTable(source) })
      } catch (error) {
        setRefusal(
          error instanceof TableRefused
            ? t(`table.refused.${error.reason}`, { name, detail: error.message })
            : Object.values(describeError(error)).join(' ').trim(),
        )
      } finally {
        setIsReading(false)
      }
    },
    [t],
  )
  const close = useCallback(() => setOpen(null), [])
  return { open, isReading, refusal, read, show: setOpen, close }
}
