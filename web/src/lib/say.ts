/** Short messages at the edge of the page, also for screen readers. What shows them is fetched with the first one. */

import i18next from 'i18next'
import { describeError, PROBLEM_TEXTS } from './describe-error'

export interface Notice {
  readonly title?: string
  readonly message: string
  /** The server's own words, in English. */
  readonly detail?: string
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
  const show = () => tell({ ...describeError(error), color: 'red', autoClose: 12_000, role: 'alert' })
  // Where the texts cannot be fetched, it is told without them.
  i18next.loadNamespaces(PROBLEM_TEXTS).then(show, show)
}
