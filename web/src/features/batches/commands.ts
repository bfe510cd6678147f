/** What is done to batches. A call does what fits into a few seconds, and is repeated until all is done. */

import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { Lane } from '@/features/jobs/filters'
import { api, call, type Schemas } from '@/lib/api'
import { withPending } from '@/lib/live/commands'
import { sayError } from '@/lib/say'

type Action = Schemas['BatchAction']['action']

export interface BatchCommands {
  readonly act: (batchId: string, action: Action, isNow?: boolean) => Promise<void>
  readonly setLane: (batchId: string, lane: Lane) => Promise<void>
  readonly setCap: (batchId: string, cap: number | null) => Promise<void>
  /** At a moment, or now. */
  readonly start: (batchId: string, startsAt: string | null) => Promise<void>
  readonly setDeadline: (batchId: string, deadline: string | null, isCancelled: boolean) => Promise<void>
}

/** Commands on batches. They are shown as pending; what is refused is said. */
export function useBatchCommands(): BatchCommands {
  const client = useQueryClient()
  return useMemo(() => commandsOf(client), [client])
}

function commandsOf(client: QueryClient): BatchCommands {
  const path = (batchId: string) => ({ params: { path: { batch_id: batchId } } })
  const send = (id: string, command: string, request: () => Promise<unknown>) =>
    withPending(client, { kind: 'batches', id, command }, request)
      .then(() => client.invalidateQueries({ queryKey: ['batches', 'detail', id] }))
      .then(() => undefined, sayError)
  return {
    act: (id, action, isNow = false) =>
      send(id, action, async () => {
        const body = { action, now: isNow }
        for (;;) {
          const answer = await call(api.POST('/batches/{batch_id}/actions', { ...path(id), body }))
          if (!answer.remaining_jobs || answer.changed_jobs === 0) return answer
        }
      }),
    setLane: (id, lane) =>
      send(id, 'priority', async () => {
        const body = { priority: lane }
        for (;;) {
          const answer = await call(api.PATCH('/batches/{batch_id}', { ...path(id), body }))
          if (answer.is_finished !== false) return answer
        }
      }),
    setCap: (id, cap) =>
      send(id, 'cap', () =>
        call(api.PATCH('/batches/{batch_id}', { ...path(id), body: { max_concurrent_tasks: cap } })),
      ),
    start: (id, startsAt) =>
      send(id, 'start', () =>
        call(api.POST('/batches/{batch_id}/start', { ...path(id), body: { starts_at: startsAt } })),
      ),
    setDeadline: (id, deadline, isCancelled) =>
      send(id, 'deadline', () =>
        call(
          api.PUT('/batches/{batch_id}/deadline', {
            ...path(id),
            body: { deadline, on_deadline: isCancelled ? 'cancel' : 'warn' },
          }),
        ),
      ),
  }
}
