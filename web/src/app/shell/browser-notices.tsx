/** Tells by the browser's own notifications what failed, and which batches ended or wait, while nobody looks at the page. */

import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { batchTitle } from '@/features/batches/batch-title'
import { noticeWishes } from '@/lib/notice-wishes'
import { rowsQuery } from '@/lib/rows'
import { type BatchNews, BatchWatch } from './batch-news'

export function BrowserNotices() {
  const { t } = useTranslation('notices')
  const navigate = useNavigate()
  const [watch] = useState(() => new BatchWatch(Date.now()))
  const { data: batches } = useQuery(rowsQuery('batches'))
  useEffect(() => {
    const news = watch.hear(batches.byId.values())
    if (!document.hidden || typeof Notification === 'undefined' || Notification.permission !== 'granted')
      return
    const wishes = noticeWishes()
    const failed = news.filter((each) => each.failed > 0)
    if (wishes.failures && failed.length > 0) {
      new Notification(t('failed', { count: failed.reduce((sum, each) => sum + each.failed, 0) }), {
        body: failed.map(({ batch }) => batchTitle(batch)).join(', '),
        tag: 'cliprow-failures',
      })
    }
    if (wishes.batches) for (const each of news) if (each.what) tell(each.batch, each.what)

    function tell(batch: BatchNews['batch'], what: NonNullable<BatchNews['what']>): void {
      const notice = new Notification(t(what, { name: batchTitle(batch) }), {
        body:
          what === 'ended'
            ? t('counts', { done: batch.completed_count, failed: batch.failed_count })
            : t('waitingText'),
        tag: `cliprow-${batch.id}`,
      })
      notice.onclick = () => {
        window.focus()
        const search = what === 'waiting' ? { waits: 'any' as const } : {}
        void navigate({ to: '/batches/$batchId', params: { batchId: batch.id }, search })
      }
    }
  }, [batches, navigate, t, watch])
  return null
}
