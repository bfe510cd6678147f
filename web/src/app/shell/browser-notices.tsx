/** Tells by the browser's own notifications what failed and which batches ended, while nobody looks at the page. */

import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { batchTitle } from '@/features/batches/batch-title'
import { useLiveEvents } from '@/lib/live/live'
import type { LiveEvent } from '@/lib/live/messages'
import { noticeWishes } from '@/lib/notice-wishes'
import { knownRow } from '@/lib/rows'

const ENDED = ['completed', 'partial', 'failed', 'cancelled']
/** The row of a batch comes a little after the last event of its jobs. Milliseconds. */
const ROW_MS = 3_000

export function BrowserNotices() {
  const { t } = useTranslation()
  const client = useQueryClient()
  const told = useRef(new Set<string>())
  const hear = useCallback(
    (events: readonly LiveEvent[]) => {
      const wishes = noticeWishes()
      if (!document.hidden || typeof Notification === 'undefined' || Notification.permission !== 'granted')
        return
      // Those without a stage are of whole jobs.
      const jobs = events.filter(({ stage, status }) => !stage && ENDED.includes(status))
      const failed = jobs.filter(({ status }) => status === 'failed')
      if (wishes.failures && failed.length > 0) {
        new Notification(t('notices.failed', { count: failed.length }), {
          body: failed[0]?.error_message ?? '',
          tag: 'cliprow-failures',
        })
      }
      if (!wishes.batches || jobs.length === 0) return
      setTimeout(() => {
        for (const id of new Set(jobs.map(({ batch_id }) => batch_id))) {
          const batch = knownRow(client, 'batches', id)
          if (!batch || !ENDED.includes(batch.status) || told.current.has(`${id} ${batch.completed_at}`))
            continue
          told.current.add(`${id} ${batch.completed_at}`)
          new Notification(t('notices.ended', { name: batchTitle(batch) }), {
            body: t('notices.counts', { done: batch.completed_count, failed: batch.failed_count }),
            tag: `cliprow-${id}`,
          })
        }
      }, ROW_MS)
    },
    [client, t],
  )
  useLiveEvents(hear)
  return null
}
