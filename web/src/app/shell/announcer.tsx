/** Tells screen readers what happened, in sums and at most every ten seconds. */

import { useCallback, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLiveEvents } from '@/lib/live/live'
import type { LiveEvent } from '@/lib/live/messages'

const EVERY_MS = 10_000

export function Announcer() {
  const { t } = useTranslation()
  const [text, setText] = useState('')
  const ended = useRef({ completed: 0, failed: 0 })
  const hear = useCallback((events: readonly LiveEvent[]) => {
    for (const { task_id, status } of events) {
      // Those without a task are of whole jobs.
      if (!task_id && (status === 'completed' || status === 'failed')) ended.current[status] += 1
    }
  }, [])
  useLiveEvents(hear)
  useEffect(() => {
    const timer = setInterval(() => {
      const { completed, failed } = ended.current
      if (completed + failed === 0) return
      ended.current = { completed: 0, failed: 0 }
      setText(t('announce.ended', { completed, failed }))
    }, EVERY_MS)
    return () => clearInterval(timer)
  }, [t])
  return (
    <div className="visually-hidden" aria-live="polite" aria-atomic>
      {text}
    </div>
  )
}
