/** Short messages at the edge of the page, also for screen readers. What shows them is fetched with the first one. */

import i18next from 'i18next'
import { ApiError, OfflineError } from './problem'

export interface Notice {
  readonly title?: string
  readonly message: string
  readonly color: string
  /** Milliseconds until it goes. */
  readonly autoClose: number
  readonly role: 'status' | 'alert'
}

let first: Notice[] | null = []
let show: (notice: Notice) => void = (notice) => first?.push(notice)
let wake: () => void = () => undefined

function tell(notice: Notice): void {
  show(notice)
  wake()
}

/** Called when there is the first message, which waits until something shows it. */
export function onFirstNotice(listener: () => void): void {
  wake = listener
}

/** From now on messages are shown by this; those that waited are shown first. */
export function showNoticesBy(shown: (notice: Notice) => void): void {
  for (const notice of first ?? []) shown(notice)
  first = null
  show = shown
}

export function say(message: string): void {
  tell({ message, color: 'teal', autoClose: 5_000, role: 'status' })
}

/** What went wrong and what to do next; it stays for a while. */
export function sayError(error: unknown): void {
  tell({ ...describeError(error), color: 'red', autoClose: 12_000, role: 'alert' })
}

export function describeError(error: unknown): { title: string; message: string } {
  if (error instanceof ApiError) return { title: error.message, message: error.nextStep }
  if (error instanceof OfflineError) {
    return { title: i18next.t('errors.offline'), message: i18next.t('errors.offlineNext') }
  }
  const text = error instanceof Error ? error.message : String(error)
  return { title: i18next.t('errors.unexpected'), message: text }
}
