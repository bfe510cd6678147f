/** Keys of a long list whose rows are not focused themselves: it has one active row. */

import { type KeyboardEvent, useCallback, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type PageKey, usePageKeys } from '@/app/shell/keys'

export interface GridKeys {
  readonly length: number
  /** Rows that fit into the list. */
  readonly pageRows: number
  readonly scrollTo: (index: number) => void
  readonly onOpen: (index: number) => void
  readonly onSelect: (index: number, isRange: boolean) => void
  readonly onSelectAll: () => void
  readonly onClear: () => void
  /** Null where nothing may be controlled. */
  readonly onCommand: ((index: number, command: GridCommand) => void) | null
  readonly onSearch: () => void
  /** Whether a dialog has the keys. */
  readonly isCovered: boolean
}
export type GridCommand = 'retry' | 'pause' | 'cancel'

/** Letters work wherever the focus is; arrows and the like only on the list, for elsewhere they mean other things. */
export function useGridKeys(options: GridKeys) {
  const { length, pageRows, scrollTo, onOpen, onSelect, onSelectAll, onClear } = options
  const [wanted, setActive] = useState(0)
  const active = Math.min(wanted, Math.max(0, length - 1))
  const go = useCallback(
    (index: number) => {
      const next = Math.max(0, Math.min(index, length - 1))
      setActive(next)
      scrollTo(next)
    },
    [length, scrollTo],
  )
  usePageKeys(useLetters(options, active, go))
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + pageRows,
      PageUp: active - pageRows,
      Home: 0,
      End: length - 1,
    }
    const { key, shiftKey, ctrlKey, metaKey } = event
    const next = steps[key]
    if (next !== undefined) go(next)
    else if (length === 0) return
    else if (key === 'Enter') onOpen(active)
    else if (key === ' ') onSelect(active, shiftKey)
    else if (key === 'a' && (ctrlKey || metaKey)) onSelectAll()
    else if (key === 'Escape') onClear()
    else return
    event.preventDefault()
  }
  return { active, setActive, onKeyDown }
}

function useLetters(options: GridKeys, active: number, go: (index: number) => void): readonly PageKey[] {
  const { length, onSelect, onCommand, onSearch, isCovered } = options
  const { t } = useTranslation('jobs')
  return useMemo(() => {
    if (isCovered) return []
    const onActive = (run: (index: number) => void) => () => {
      if (length > 0) run(active)
    }
    const keys: PageKey[] = [
      { key: '/', label: t('keys.search'), run: onSearch },
      { key: 'j', label: t('keys.next'), run: () => go(active + 1) },
      { key: 'k', label: t('keys.previous'), run: () => go(active - 1) },
      { key: 'Home', label: t('keys.first') },
      { key: 'End', label: t('keys.last') },
      { key: 'Enter', label: t('keys.open') },
      { key: 'x', label: t('keys.select'), run: onActive((index) => onSelect(index, false)) },
      { key: 'shift+x', label: t('keys.selectRange'), run: onActive((index) => onSelect(index, true)) },
      { key: 'ctrl+a', label: t('keys.selectAll') },
      { key: 'Esc', label: t('keys.clear') },
    ]
    if (!onCommand) return keys
    return [
      ...keys,
      { key: 'r', label: t('keys.retry'), run: onActive((index) => onCommand(index, 'retry')) },
      { key: 'p', label: t('keys.pause'), run: onActive((index) => onCommand(index, 'pause')) },
      { key: 'c', label: t('keys.cancel'), run: onActive((index) => onCommand(index, 'cancel')) },
    ]
  }, [isCovered, length, active, go, onSelect, onCommand, onSearch, t])
}
