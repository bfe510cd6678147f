/** Short messages at the edge of the page, also for screen readers. */

import { notifications } from '@mantine/notifications'
import i18next from 'i18next'
import { ApiError, OfflineError } from './problem'

export function say(message: string): void {
  notifications.show({ message, color: 'teal', autoClose: 5_000 })
}

/** What went wrong and what to do next; it stays until it is closed. */
export function sayError(error: unknown): void {
  notifications.show({ ...describeError(error), color: 'red', autoClose: 12_000, role: 'alert' })
}

export function describeError(error: unknown): { title: string; message: string } {
  if (error instanceof ApiError) return { title: error.message, message: error.nextStep }
  if (error instanceof OfflineError) {
    return { title: i18next.t('errors.offline'), message: i18next.t('errors.offlineNext') }
  }
  const text = error instanceof Error ? error.message : String(error)
  return { title: i18next.t('errors.unexpected'), message: text }
}
