/** Files made in the browser. */

export type Cell = string | number | boolean | null | undefined

/** Rows as CSV; what a spreadsheet would run as a formula is kept text. */
export async function toCsv(columns: readonly string[], rows: readonly (readonly Cell[])[]): Promise<string> {
  const { default: papa } = await import('papaparse')
  return papa.unparse({ fields: [...columns], data: rows.map((row) => [...row]) }, { escapeFormulae: true })
}

/** Hand texts, one after the other, to the browser as a file. */
export function saveFile(name: string, parts: readonly BlobPart[], type: string): void {
  const url = URL.createObjectURL(new Blob([...parts], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

export async function saveCsv(
  name: string,
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
): Promise<void> {
  // The mark tells spreadsheets that it is UTF-8.
  saveFile(name, ['\uFEFF', await toCsv(columns, rows)], 'text/csv;charset=utf-8')
}
