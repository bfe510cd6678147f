import { useRef, useState } from 'react'
import { sayError } from '@/lib/say'
import { add, EVERYTHING, NOTHING, type Selection, toggle } from './selection'
import type { JobList } from './use-job-list'

interface GridSelection {
  readonly selection: Selection
  /** One row, or all from the one that was selected last. */
  readonly select: (index: number, isRange: boolean) => void
  readonly selectAll: () => void
  readonly clear: () => void
}

export function useGridSelection(list: JobList): GridSelection {
  const [selection, setSelection] = useState<Selection>(NOTHING)
  const anchor = useRef(0)
  const selectRange = async (first: number, last: number) => {
    try {
      const ids = await list.idsBetween(first, last)
      setSelection((old) => add(old, ids))
    } catch (error) {
      sayError(error)
    }
  }
  return {
    selection,
    select: (index, isRange) => {
      if (isRange) {
        void selectRange(Math.min(anchor.current, index), Math.max(anchor.current, index))
      } else {
        const id = list.idAt(index)
        if (id) setSelection((old) => toggle(old, id, list.known()))
      }
      anchor.current = index
    },
    selectAll: () => setSelection(EVERYTHING),
    clear: () => setSelection(NOTHING),
  }
}
