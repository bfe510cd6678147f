import { useDebouncedCallback } from '@mantine/hooks'
import { queryOptions } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import { isEmpty, NO_SETTINGS, NO_TOPICS, type Settings, type Topics } from './draft'
import { discardDraft, type KeptDraft, keepDraft, readDraft, type Sending } from './kept-draft'

/** Read anew each time the form is opened. */
export function keptDraftQuery(tenantId: string) {
  return queryOptions({
    queryKey: ['batch-draft', tenantId],
    queryFn: () => readDraft(tenantId),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    structuralSharing: false,
  })
}

export interface DraftState {
  readonly settings: Settings
  readonly topics: Topics
  readonly sending: Sending | null
  /** Whether it was found from an earlier visit, and not begun anew since. */
  readonly isRestored: boolean
  /** Why it could not be kept in this browser. */
  readonly keepError: Error | null
  readonly change: (settings: Partial<Settings>) => void
  readonly setTopics: (topics: Topics) => void
  readonly setSending: (sending: Sending | null) => void
  readonly discard: () => void
  readonly dismissNotice: () => void
}

const KEEP_AFTER_MS = 400

/** The draft, kept a moment after each change and when the page is left. */
export function useDraft(tenantId: string, kept: KeptDraft | null, start: Partial<Settings>): DraftState {
  const [draft, setDraft] = useState<KeptDraft>(() => ({
    settings: { ...NO_SETTINGS, ...kept?.settings, ...start },
    topics: kept?.topics ?? NO_TOPICS,
    sending: kept?.sending ?? null,
  }))
  const [isRestored, setIsRestored] = useState(kept !== null && !isEmpty(kept.settings, kept.topics))
  const [keepError, setKeepError] = useState<Error | null>(null)
  const last = useRef({ draft, keptRows: kept?.topics })
  const keep = useCallback(() => {
    const { draft: now, keptRows } = last.current
    if (now.sending === null && isEmpty(now.settings, now.topics)) {
      void discardDraft(tenantId).catch(setKeepError)
      return
    }
    last.current.keptRows = now.topics
    keepDraft(tenantId, now, now.topics !== keptRows).then(() => setKeepError(null), setKeepError)
  }, [tenantId])
  const keepLater = useDebouncedCallback(keep, { delay: KEEP_AFTER_MS, flushOnUnmount: true })
  const update = useCallback(
    (next: KeptDraft) => {
      last.current.draft = next
      setDraft(next)
      keepLater()
    },
    [keepLater],
  )
  useEffect(() => {
    const flush = () => keepLater.flush()
    window.addEventListener('pagehide', flush)
    return () => window.removeEventListener('pagehide', flush)
  }, [keepLater])
  const change = useCallback(
    (settings: Partial<Settings>) =>
      update({ ...last.current.draft, settings: { ...last.current.draft.settings, ...settings } }),
    [update],
  )
  const setTopics = useCallback((topics: Topics) => update({ ...last.current.draft, topics }), [update])
  const setSending = useCallback(
    (sending: Sending | null) => {
      update({ ...last.current.draft, sending })
      // A key that is not kept could make a second batch of the same topics.
      keepLater.flush()
    },
    [update, keepLater],
  )
  const dismissNotice = useCallback(() => setIsRestored(false), [])
  const discard = useCallback(() => {
    setIsRestored(false)
    update({
      settings: { ...NO_SETTINGS, projectId: last.current.draft.settings.projectId },
      topics: NO_TOPICS,
      sending: null,
    })
    keepLater.flush()
  }, [update, keepLater])
  return { ...draft, isRestored, keepError, change, setTopics, setSending, discard, dismissNotice }
}
