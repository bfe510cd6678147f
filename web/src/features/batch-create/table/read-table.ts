import type { Table } from './table'

/** Why a file or text is no table; `reason` names the text that says so. */
export class TableRefused extends Error {
  override readonly name = 'TableRefused'

  constructor(
    readonly reason: 'spreadsheet' | 'json' | 'size' | 'empty',
    detail = '',
  ) {
    super(detail)
  }
}

/** Largest file, in bytes: some hundred thousand topics. */
export const MOST_BYTES = 50_000_000

/** Read a file or a pasted text, beside the page. Throws TableRefused. */
export async function readTable(source: File | string): Promise<Table> {
  if (typeof source !== 'string' && source.size > MOST_BYTES) throw new TableRefused('size')
  const worker = new Worker(new URL('./table.worker.ts', import.meta.url), { type: 'module' })
  try {
    const bytes = typeof source === 'string' ? source : new Uint8Array(await source.arrayBuffer())
    const table = await new Promise<Table>((resolve, reject) => {
      worker.onmessage = ({ data }) =>
        data.table ? resolve(data.table) : reject(new TableRefused(data.refused, data.detail))
      worker.onerror = (event) => reject(new Error(event.message))
      worker.postMessage(bytes, typeof bytes === 'string' ? [] : [bytes.buffer])
    })
    if (table.rows.length === 0 && table.faults.length === 0) throw new TableRefused('empty')
    return table
  } finally {
    worker.terminate()
  }
}
