import { useMutation } from '@tanstack/react-query'
import { useCallback, useRef, useState } from 'react'
import { api, call } from '@/lib/api'
import { ApiError, OfflineError } from '@/lib/problem'
import type { Mode } from './draft'
import { type Filled, type Filler, fillBatch, type NewBatch, restFiller } from './fill'
import { discardDraft, keepPlatforms, type Sending } from './kept-draft'
import type { BatchRequest } from './request'
import { restCanceller, takeBack } from './take-back'
import type { DraftState } from './use-draft'

/** Waits before a request that did not arrive, or came at a bad moment, is sent again. Milliseconds. */
const WAITS = [1_000, 2_000, 4_000, 8_000, 15_000]

/** Whether it may be made already: the answer did not come. */
export function isUnsure(error: unknown): boolean {
  return (
    error instanceof OfflineError ||
    (error instanceof ApiError && (error.status >= 500 || error.status === 429))
  )
}

/** Sends requests again for a while when the server is not reached; each of them may come twice. */
function patient(filler: Filler): Filler {
  const again = async <T>(send: () => Promise<T>): Promise<T> => {
    for (const wait of WAITS) {
      try {
        return await send()
      } catch (error) {
        if (!isUnsure(error)) throw error
        await new Promise((resolve) => setTimeout(resolve, wait))
      }
    }
    return send()
  }
  return {
    begin: (batch, key) => again(() => filler.begin(batch, key)),
    append: (batchId, more) => again(() => filler.append(batchId, more)),
  }
}

/** Makes the batch of a draft; what broke off is gone on with. */
export function useSend(
  tenantId: string,
  draft: DraftState,
  request: BatchRequest,
  onDone: (batchId: string) => void,
) {
  const [filled, setFilled] = useState<Filled | null>(null)
  const stop = useRef<AbortController | null>(null)
  const { mutate, isPending, error, reset } = useMutation({
    mutationFn: async (mode: Mode) => {
      const sending = draft.sending ?? (await begin(mode, request, draft.settings.newProject))
      draft.setSending(sending)
      stop.current = new AbortController()
      return fillBatch(
        patient(restFiller),
        batchOf(request, sending),
        sending.key,
        (now) => {
          setFilled(now)
          draft.setSending({ ...sending, sent: now.topic_count, batchId: now.batch_id })
        },
        stop.current.signal,
      )
    },
    onSuccess: async (batchId) => {
      keepPlatforms(request.defaults.platforms)
      draft.discard()
      await discardDraft(tenantId)
      onDone(batchId)
    },
    onError: (failure) => {
      // Refused as a whole: nothing was made, and another try is another request.
      if (!isUnsure(failure) && filled === null && (draft.sending?.sent ?? 0) === 0) draft.setSending(null)
    },
  })
  /** Back to the form: what of the batch is on the server is cancelled, the draft stays. */
  const giveUp = useCallback(async () => {
    stop.current?.abort()
    if (draft.sending) {
      await takeBack(restFiller, restCanceller, batchOf(request, draft.sending), draft.sending)
    }
    reset()
    setFilled(null)
    draft.setSending(null)
  }, [draft.sending, draft.setSending, request, reset])
  return { send: mutate, isSending: isPending, error, filled, giveUp }
}

function batchOf({ title, topics, defaults, options }: BatchRequest, { projectId }: Sending): NewBatch {
  return { project_id: projectId, title, topics: topics.map(({ topic }) => topic), defaults, options }
}

async function begin(mode: Mode, request: BatchRequest, newProject: string): Promise<Sending> {
  const key = crypto.randomUUID()
  const projectId = request.projectId ?? (await createProject(newProject, key))
  return { key, mode, projectId, sent: 0 }
}

async function createProject(name: string, key: string): Promise<string> {
  const project = await call(
    api.POST('/projects', {
      body: { original_idea: name.trim(), name: name.trim() },
      params: { header: { 'Idempotency-Key': key } },
    }),
  )
  return project.id
}
