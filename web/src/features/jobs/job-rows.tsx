/** The rows of the grid with what can be done to them: selection, keys, single and bulk commands. */

import { useCallbackRef } from '@mantine/hooks'
import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { knownRow } from '@/lib/rows'
import { actionOf } from './batch-job-card'
import { BulkBar } from './bulk-bar'
import { useJobCommands } from './commands'
import { GridBody, type GridScroller } from './grid-body'
import { isHeld } from './held'
import type { JobGridProps } from './job-grid'
import { RetryDialog } from './retry-dialog'
import { type GridCommand, useGridKeys } from './use-grid-keys'
import { useGridSelection } from './use-grid-selection'
import type { JobList } from './use-job-list'

interface JobRowsProps extends JobGridProps {
  readonly list: JobList
  readonly rowHeight: number
  readonly headHeight: number
  readonly onSeen: (first: number, last: number) => void
}

const NO_SCROLLER: GridScroller = { scrollTo: () => undefined, pageRows: 10 }

export function JobRows(props: JobRowsProps) {
  const {
    batchId,
    filters,
    list,
    rowHeight,
    headHeight,
    isControlled,
    isCovered,
    searchRef,
    onOpen,
    onSeen,
  } = props
  const { t } = useTranslation('jobs')
  const client = useQueryClient()
  const commands = useJobCommands()
  const chosen = useGridSelection(list)
  const scroller = useRef(NO_SCROLLER)
  const [asked, setAsked] = useState<{ id: string; about: 'retry' | 'cancel' } | null>(null)
  const job = asked ? knownRow(client, 'jobs', asked.id) : undefined

  const command = (index: number, name: GridCommand) => {
    const id = list.idAt(index)
    const row = id ? knownRow(client, 'jobs', id) : undefined
    if (!row) return
    const action = actionOf(row, isHeld(row))
    const hasEnded = action === 'retry' || action === undefined
    if (name === 'pause' && action === 'pause') void commands.pause(row.id)
    if (name === 'pause' && action === 'resume') void commands.resume(row.id)
    if (name === 'retry' && hasEnded) setAsked({ id: row.id, about: 'retry' })
    if (name === 'cancel' && !hasEnded) setAsked({ id: row.id, about: 'cancel' })
  }
  const open = (index: number) => {
    const id = list.idAt(index)
    if (id) onOpen(id)
  }
  const { active, setActive, onKeyDown } = useGridKeys({
    length: list.length,
    pageRows: scroller.current.pageRows,
    scrollTo: useCallback((index: number) => scroller.current.scrollTo(index), []),
    onOpen: open,
    onSelect: chosen.select,
    onSelectAll: chosen.selectAll,
    onClear: chosen.clear,
    onCommand: isControlled ? command : null,
    onSearch: () => searchRef.current?.focus(),
    isCovered: isCovered || asked !== null,
  })
  const onRowOpen = useCallbackRef((index: number) => {
    setActive(index)
    open(index)
  })
  const onRowSelect = useCallbackRef((index: number, isRange: boolean) => {
    setActive(index)
    chosen.select(index, isRange)
  })
  const onRetry = useCallbackRef((id: string) => setAsked({ id, about: 'retry' }))
  const close = () => setAsked(null)
  return (
    <>
      <BulkBar
        batchId={batchId}
        filters={filters}
        total={list.total}
        selection={chosen.selection}
        isControlled={isControlled}
        onSelectAll={chosen.selectAll}
        onClear={chosen.clear}
      />
      <GridBody
        list={list}
        rowHeight={rowHeight}
        headHeight={headHeight}
        active={active}
        selection={chosen.selection}
        isControlled={isControlled}
        scroller={scroller}
        commands={commands}
        onSeen={onSeen}
        onKeyDown={onKeyDown}
        onSelect={onRowSelect}
        onOpen={onRowOpen}
        onRetry={onRetry}
      />
      {job && asked?.about === 'retry' && (
        <RetryDialog
          jobId={job.id}
          failure={job}
          onCancel={close}
          onConfirmRetry={(what) => {
            close()
            void commands.retry(job.id, what)
          }}
        />
      )}
      {job && asked?.about === 'cancel' && (
        <ConfirmDialog
          title={t('control.cancelTitle', { ns: 'app', name: job.topic })}
          confirm={t('control.cancel', { ns: 'app' })}
          isDangerous
          onClose={close}
          onConfirm={() => commands.cancel(job.id)}
        >
          {t('control.cancelText', { ns: 'app' })}
        </ConfirmDialog>
      )}
    </>
  )
}
