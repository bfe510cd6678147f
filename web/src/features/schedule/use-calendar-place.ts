import { type KeyboardEvent, type RefObject, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Cell, isIn, type View } from './calendar'

type Place = readonly [row: number, column: number]

interface CalendarPlaceOptions {
  readonly grid: RefObject<HTMLElement | null>
  readonly view: View
  readonly rows: readonly (readonly Cell[])[]
  readonly onCell: (cell: Cell) => void
  /** Over the edge, to the view before or after. */
  readonly onStep: (by: number) => void
}

/** The field that keys act on: arrows go from field to field, Enter opens one. */
export function useCalendarPlace({ grid, view, rows, onCell, onStep }: CalendarPlaceOptions) {
  const { i18n } = useTranslation()
  const width = rows[0]?.length ?? 1
  const [active, setActive] = useState<Place>(() => placeOf(rows, new Date()))
  const row = Math.min(active[0], rows.length - 1)
  const column = Math.min(active[1], width - 1)
  const go = (nextRow: number, nextColumn: number) => {
    if (nextRow < 0 || nextRow >= rows.length || nextColumn < -1 || nextColumn > width) return
    if (view !== 'month' && (nextColumn < 0 || nextColumn >= width)) return
    const wrapped = Math.min(Math.max(nextRow * width + nextColumn, 0), rows.length * width - 1)
    const place: Place = [Math.floor(wrapped / width), wrapped % width]
    setActive(place)
    grid.current?.querySelector<HTMLElement>(`[data-place="${place.join()}"]`)?.focus()
  }
  const onKey = (event: KeyboardEvent, cell: Cell) => {
    const forward = i18n.dir() === 'rtl' ? -1 : 1
    const moves: Record<string, () => void> = {
      ArrowDown: () => go(row + 1, column),
      ArrowUp: () => go(row - 1, column),
      ArrowRight: () => go(row, column + forward),
      ArrowLeft: () => go(row, column - forward),
      Home: () => go(row, 0),
      End: () => go(row, width - 1),
      PageDown: () => onStep(1),
      PageUp: () => onStep(-1),
      Enter: () => onCell(cell),
      ' ': () => onCell(cell),
    }
    const move = event.target === event.currentTarget ? moves[event.key] : undefined
    if (!move) return
    event.preventDefault()
    move()
  }
  return { row, column, setActive, onKey }
}

/** The cell of a moment, or else the first. */
function placeOf(rows: readonly (readonly Cell[])[], moment: Date): Place {
  for (const [row, cells] of rows.entries()) {
    const column = cells.findIndex((cell) => isIn(moment, cell))
    if (column >= 0) return [row, column]
  }
  return [0, 0]
}
