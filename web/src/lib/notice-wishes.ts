/** Of what this browser tells when nobody looks at the page; kept here, and asked for by whoever wants it. */

import { useSyncExternalStore } from 'react'

export interface NoticeWishes {
  readonly failures: boolean
  readonly batches: boolean
}

const STORED = 'cliprow.notices'
const NONE: NoticeWishes = { failures: false, batches: false }
const listeners = new Set<() => void>()
let known: NoticeWishes | undefined

/** What is stored may be of another version, or broken. */
export function readWishes(stored: string | null): NoticeWishes {
  if (!stored) return NONE
  try {
    const { failures, batches } = JSON.parse(stored) as Partial<NoticeWishes>
    return { failures: failures === true, batches: batches === true }
  } catch (error) {
    if (error instanceof SyntaxError) return NONE
    throw error
  }
}

export function noticeWishes(): NoticeWishes {
  known ??= readWishes(localStorage.getItem(STORED))
  return known
}

export function setNoticeWishes(wishes: NoticeWishes): void {
  known = wishes
  localStorage.setItem(STORED, JSON.stringify(wishes))
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function useNoticeWishes(): NoticeWishes {
  return useSyncExternalStore(subscribe, noticeWishes)
}
