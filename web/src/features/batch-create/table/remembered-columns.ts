/** What columns were chosen to be, by the names of their headings. */

import { type ColumnMap, headingKey } from './columns'

const STORED = 'cliprow.import-columns'
/** Of this many headings; the ones chosen longest ago go first. */
const MOST = 200

export function rememberedColumns(): ColumnMap {
  const text = localStorage.getItem(STORED)
  if (!text) return {}
  try {
    return JSON.parse(text) as ColumnMap
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}

export function rememberColumns(map: ColumnMap): void {
  const chosen = Object.entries(map).map(([heading, field]) => [headingKey(heading), field] as const)
  const names = new Set(chosen.map(([name]) => name))
  const others = Object.entries(rememberedColumns()).filter(([name]) => !names.has(name))
  localStorage.setItem(STORED, JSON.stringify(Object.fromEntries([...others, ...chosen].slice(-MOST))))
}
