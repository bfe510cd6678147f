/** Saves what the API sends as a file. */

import { ApiError, problemOf } from './problem'
import { accessToken, renew } from './session'

interface SaveTarget {
  createWritable(): Promise<WritableStream<Uint8Array>>
}
type SaveFilePicker = (options: { suggestedName: string }) => Promise<SaveTarget>

/**
 * Fetch a path of the API, which needs a sign-in, and save it under a name. Where the browser lets one choose the file
 * first, it is written as it comes and may be of any size; elsewhere it has to fit into memory.
 * Resolves to false when the reader changed their mind.
 */
export async function saveFromApi(path: string, name: string): Promise<boolean> {
  const pick = (window as { showSaveFilePicker?: SaveFilePicker }).showSaveFilePicker
  let target: SaveTarget | undefined
  try {
    target = await pick?.call(window, { suggestedName: name })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return false
    throw error
  }
  const response = await fetchSignedIn(path)
  if (target && response.body) await response.body.pipeTo(await target.createWritable())
  else saveBlob(await response.blob(), name)
  return true
}

async function fetchSignedIn(path: string): Promise<Response> {
  const ask = async () => fetch(path, { headers: { Authorization: `Bearer ${await accessToken()}` } })
  let response = await ask()
  if (response.status === 401) {
    await renew()
    response = await ask()
  }
  if (!response.ok) throw new ApiError(await problemOf(response))
  return response
}

export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  openDownload(url, name)
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

/** Follow a link whose answer is a file to save. */
export function openDownload(url: string, name: string): void {
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
}
