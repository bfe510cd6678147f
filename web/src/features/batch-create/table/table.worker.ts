/** Reads tables beside the page, which goes on meanwhile. */

import { NotATable, readTable } from './table'
import { NotText } from './text'

self.onmessage = ({ data }: MessageEvent<Uint8Array<ArrayBuffer> | string>) => {
  try {
    self.postMessage({ table: readTable(data) })
  } catch (error) {
    if (!(error instanceof NotATable || error instanceof NotText)) throw error
    self.postMessage({ refused: error.name === 'NotText' ? 'spreadsheet' : 'json', detail: error.message })
  }
}
