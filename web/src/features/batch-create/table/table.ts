/** Text as a table: CSV, cells separated by tabs or semicolons, JSON, or one topic a line. */

import Papa from 'papaparse'
import { isKnownHeading } from './columns'
import { decodeText } from './text'

export interface Table {
  readonly headings: readonly string[]
  /** Whether the first row was taken for headings. */
  readonly hasHeadings: boolean
  readonly rows: readonly TableRow[]
  /** Rows that could not be read, and why. */
  readonly faults: readonly { readonly number: number; readonly reason: string }[]
  /** Not JSON, whose fields have their names. */
  readonly isCells: boolean
  readonly encoding: string
  readonly isEncodingGuess: boolean
  /** There is more of it than was read. */
  readonly isCut?: boolean
}

export interface TableRow {
  /** As a spreadsheet counts, the headings being row 1; of JSON the place in the list. */
  readonly number: number
  readonly cells: readonly unknown[]
}

/** The text is JSON, and no list of topics. */
export class NotATable extends Error {
  override readonly name = 'NotATable'
}

export function readTable(source: Uint8Array<ArrayBuffer> | string): Table {
  const { text, encoding, isGuess } =
    typeof source === 'string' ? { text: source, encoding: 'utf-8', isGuess: false } : decodeText(source)
  const first = text.trimStart()[0]
  const isCells = first !== '[' && first !== '{'
  const table = isCells ? readCells(text) : readJson(text)
  return { ...table, isCells, encoding, isEncodingGuess: isGuess }
}

type Read = Omit<Table, 'isCells' | 'encoding' | 'isEncodingGuess'>

function readJson(text: string): Read {
  const values = jsonList(text)
  const headings = [
    ...new Set(
      values.flatMap((value) =>
        isRecord(value) ? Object.keys(value) : typeof value === 'string' ? ['topic'] : [],
      ),
    ),
  ]
  const rows: TableRow[] = []
  const faults: { number: number; reason: string }[] = []
  values.forEach((value, at) => {
    const number = at + 1
    if (isRecord(value)) rows.push({ number, cells: headings.map((heading) => value[heading]) })
    else if (typeof value === 'string') {
      rows.push({ number, cells: headings.map((heading) => (heading === 'topic' ? value : undefined)) })
    } else faults.push({ number, reason: 'json' })
  })
  return { headings, hasHeadings: true, rows, faults }
}

/** A list, an object that holds one, or an object on each line. */
function jsonList(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text)
    if (Array.isArray(value)) return value
    const list = isRecord(value) ? Object.values(value).find(Array.isArray) : undefined
    return list ?? [value]
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '')
    try {
      return lines.map((line): unknown => JSON.parse(line))
    } catch {
      throw new NotATable(error.message)
    }
  }
}

function readCells(text: string): Read {
  const body = text.replace(/^sep=([,;\t])\r?\n/i, '')
  const delimiter = delimiterOf(body)
  const { data, errors } = Papa.parse<string[]>(body, {
    // A separator that no text has: all is one column.
    delimiter: delimiter ?? '\u001f',
    skipEmptyLines: false,
  })
  const faults = errors
    .filter(({ type }) => type === 'Quotes')
    .map(({ row }) => ({ number: (row ?? 0) + 1, reason: 'quotes' }))
  const filled = data
    .map((cells, at) => ({ number: at + 1, cells }))
    .filter(({ cells }) => cells.some((cell) => cell.trim() !== ''))
  const width = Math.max(0, ...filled.slice(0, 100).map(({ cells }) => trimmed(cells).length))
  const [head] = filled
  const hasHeadings = head !== undefined && looksLikeHeadings(head.cells)
  const headings = hasHeadings
    ? named(head.cells, width)
    : Array.from({ length: width }, (_, at) => (at === 0 && width === 1 ? 'topic' : `#${at + 1}`))
  const bad = new Set(faults.map(({ number }) => number))
  return {
    headings,
    hasHeadings,
    rows: filled.slice(hasHeadings ? 1 : 0).filter(({ number }) => !bad.has(number)),
    faults,
  }
}

/**
 * What separates cells; null in a list of one column, where a comma is just a comma.
 */
function delimiterOf(body: string): string | null {
  const lines = body.split(/\r\n|[\r\n]/, 10).filter((line) => line.trim() !== '')
  const first = lines[0] ?? ''
  const likely = ['\t', ';', ','].sort((a, b) => count(first, b) - count(first, a))[0] as string
  const times = count(first, likely)
  const areHeadings = first.split(likely).some((cell) => isKnownHeading(cell.replaceAll('"', '')))
  const isEverywhere = lines.every((line) => count(line, likely) === times)
  return times > 0 && (areHeadings || isEverywhere || likely === '\t') ? likely : null
}

/** Names of columns are short, and one of several columns has a name that topics know. */
function looksLikeHeadings(cells: readonly string[]): boolean {
  const said = trimmed(cells).map((cell) => cell.trim())
  return (
    said.some(isKnownHeading) || (said.length > 1 && said.every((cell) => cell !== '' && cell.length <= 24))
  )
}

/** The same table where its first row is, or is not, taken for headings. */
export function withHeadings(table: Table, hasHeadings: boolean): Table {
  if (table.hasHeadings === hasHeadings) return table
  if (!hasHeadings) {
    const headings = table.headings.map((_, at) => `#${at + 1}`)
    return { ...table, headings, hasHeadings, rows: [{ number: 1, cells: table.headings }, ...table.rows] }
  }
  const [head, ...rows] = table.rows
  const names = table.headings.map((_, at) => String(head?.cells[at] ?? ''))
  return { ...table, headings: named(names, names.length), hasHeadings, rows }
}

function named(cells: readonly string[], width: number): string[] {
  const seen = new Map<string, number>()
  return Array.from({ length: Math.max(width, trimmed(cells).length) }, (_, at) => {
    const name = cells[at]?.trim() || `#${at + 1}`
    const times = (seen.get(name) ?? 0) + 1
    seen.set(name, times)
    return times > 1 ? `${name} (${times})` : name
  })
}

function trimmed(cells: readonly string[]): readonly string[] {
  let length = cells.length
  while (length > 0 && cells[length - 1]?.trim() === '') length -= 1
  return cells.slice(0, length)
}

function count(text: string, part: string): number {
  return text.split(part).length - 1
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
