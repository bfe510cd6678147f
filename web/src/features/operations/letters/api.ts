import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { endless } from '@/components/endless'
import { api, call, type Schemas } from '@/lib/api'
import { dayEnd, dayStart } from '@/lib/search-params'
import type { OperationsSearch } from '../search'

export type Letter = Schemas['DeadLetter']
export type LetterGroup = Schemas['LetterGroup']

/** Which letters; the same for lists, replays and discards. */
export interface LetterScope {
  readonly project_id?: string
  readonly error_code?: string
  readonly stage?: Schemas['Stage']
  readonly since?: string
  readonly until?: string
}

export function scopeOf({ project, code, stage, from, to }: OperationsSearch): LetterScope {
  return {
    project_id: project,
    error_code: code,
    stage,
    since: dayStart(from),
    until: dayEnd(to),
  }
}

// Nothing is followed here, so of jobs only what their batches tell is heard.
const LIVE = { kinds: ['batches'] as const, everyMs: 2_000, isFigure: true }

export function groupsQuery({ project_id, since, until }: LetterScope) {
  return queryOptions({
    queryKey: ['letters', 'groups', project_id ?? null, since ?? null, until ?? null],
    queryFn: async () =>
      (await call(api.GET('/dead-letters/counts', { params: { query: { project_id, since, until } } })))
        .items,
    meta: { live: LIVE },
  })
}

export function lettersQuery(scope: LetterScope, isDiscarded: boolean) {
  return infiniteQueryOptions({
    queryKey: ['letters', 'list', scope, isDiscarded],
    queryFn: ({ pageParam }) =>
      call(
        api.GET('/dead-letters', {
          params: { query: { ...scope, is_discarded: isDiscarded, cursor: pageParam, limit: 50 } },
        }),
      ),
    ...endless,
    meta: { live: LIVE },
  })
}

export function letterQuery(jobId: string, taskId: string) {
  return queryOptions({
    queryKey: ['letters', 'one', jobId, taskId],
    queryFn: () =>
      call(
        api.GET('/dead-letters/{job_id}/{task_id}', { params: { path: { job_id: jobId, task_id: taskId } } }),
      ),
  })
}

/** Repeat a command that does what fits into a few seconds, until it has done all; the sum of what it did. */
async function untilFinished<T extends { is_finished: boolean }>(
  send: () => Promise<T>,
  countOf: (answer: T) => number,
): Promise<number> {
  let count = 0
  for (;;) {
    const answer = await send()
    count += countOf(answer)
    if (answer.is_finished) return count
  }
}

export function useLetterCommands() {
  const client = useQueryClient()
  const onSuccess = () => client.invalidateQueries({ queryKey: ['letters'] })
  const replay = useMutation({
    mutationFn: ({ job_id, task_id }: Letter) =>
      call(api.POST('/dead-letters/{job_id}/{task_id}/replay', { params: { path: { job_id, task_id } } })),
    onSuccess,
  })
  const replayAll = useMutation({
    mutationFn: (scope: LetterScope) =>
      untilFinished(
        () => call(api.POST('/dead-letters/replay', { body: scope })),
        ({ retried_tasks }) => retried_tasks,
      ),
    onSuccess,
  })
  const discard = useMutation({
    mutationFn: ({ letter: { job_id, task_id }, reason }: { letter: Letter; reason: string }) =>
      call(
        api.POST('/dead-letters/{job_id}/{task_id}/discard', {
          params: { path: { job_id, task_id } },
          body: { reason },
        }),
      ),
    onSuccess,
  })
  const discardAll = useMutation({
    mutationFn: ({ scope, reason }: { scope: LetterScope; reason: string }) =>
      untilFinished(
        () => call(api.POST('/dead-letters/discard', { body: { ...scope, reason } })),
        ({ discarded_letters }) => discarded_letters,
      ),
    onSuccess,
  })
  return { replay, replayAll, discard, discardAll }
}
