/** What a change changed, field by field; nested fields by their path. */

export interface Change {
  readonly field: string
  /** Not there where it was added. */
  readonly before?: unknown
  readonly after?: unknown
}

type Row = Readonly<Record<string, unknown>>

const isRow = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Fields whose values differ, in the order of their names. */
export function differenceOf(before: Row, after: Row, path = ''): Change[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  return names.flatMap((name): Change[] => {
    const [old, next] = [before[name], after[name]]
    if (isRow(old) && isRow(next)) return differenceOf(old, next, `${path}${name}.`)
    if (JSON.stringify(old) === JSON.stringify(next)) return []
    return [{ field: `${path}${name}`, before: old, after: next }]
  })
}

/** A value in one line; texts stand as they are. */
export function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
