/** What pages ask of projects, and do to them. */

import {
  infiniteQueryOptions,
  keepPreviousData,
  type QueryClient,
  queryOptions,
  useQueryClient,
} from '@tanstack/react-query'
import { useMemo } from 'react'
import type { Lane } from '@/features/jobs/filters'
import { api, call, idempotencyKey, type Schemas } from '@/lib/api'
import { withPending } from '@/lib/live/commands'
import { mergeRows, type ProjectRow } from '@/lib/rows'
import { sayError } from '@/lib/say'
import type { ProjectFilters } from './filters'

export type ProjectDetail = Schemas['ProjectDetail']

const PAGE_ROWS = 48

/** How far the videos of a project are; lists say it, and not the project's row. */
export type JobCounts = Pick<Schemas['ListedProject'], 'job_count' | 'completed_count' | 'failed_count'>

function countsOf({ job_count, completed_count, failed_count }: JobCounts): JobCounts {
  return { job_count, completed_count, failed_count }
}

export function projectsQuery(client: QueryClient, filters: ProjectFilters) {
  return infiniteQueryOptions({
    queryKey: ['projects', 'list', filters],
    queryFn: async ({ pageParam, signal }) => {
      const page = await call(
        api.GET('/projects', {
          params: { query: { ...filters, limit: PAGE_ROWS, cursor: pageParam } },
          signal,
        }),
      )
      mergeRows(client, 'projects', page.items)
      return {
        ids: page.items.map(({ id }) => id),
        counts: new Map(page.items.map((item) => [item.id, countsOf(item)])),
        next: page.next_cursor,
      }
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: keepPreviousData,
    meta: { live: { kinds: ['projects', 'batches'], everyMs: 3_000 } },
  })
}

export function projectQuery(client: QueryClient, projectId: string) {
  return queryOptions({
    queryKey: ['projects', 'detail', projectId],
    queryFn: async ({ signal }) => {
      const project = await call(
        api.GET('/projects/{project_id}', { params: { path: { project_id: projectId } }, signal }),
      )
      mergeRows(client, 'projects', [project])
      return project
    },
    meta: { live: { kinds: ['projects', 'batches'], everyMs: 2_000, isFigure: true } },
  })
}

export function projectMembersQuery(projectId: string) {
  return queryOptions({
    queryKey: ['projects', 'members', projectId],
    queryFn: ({ signal }) =>
      call(
        api.GET('/projects/{project_id}/members', { params: { path: { project_id: projectId } }, signal }),
      ),
  })
}

export const teamQuery = queryOptions({
  queryKey: ['members'],
  queryFn: () => call(api.GET('/members')),
})

/** What a project is called: its name, or its idea where it has none. */
export function projectName({ name, original_idea }: Pick<ProjectRow, 'name' | 'original_idea'>): string {
  return name || original_idea || ''
}

export async function createProject(
  client: QueryClient,
  body: Schemas['NewProject'],
): Promise<Schemas['Project']> {
  const project = await call(api.POST('/projects', { body, params: { header: idempotencyKey() } }))
  mergeRows(client, 'projects', [project])
  await client.invalidateQueries({ queryKey: ['projects'] })
  return project
}

export async function changeProject(
  client: QueryClient,
  projectId: string,
  body: Schemas['ProjectChange'],
): Promise<void> {
  const path = { project_id: projectId }
  mergeRows(client, 'projects', [await call(api.PATCH('/projects/{project_id}', { params: { path }, body }))])
  await client.invalidateQueries({ queryKey: ['projects'] })
}

export async function deleteProject(client: QueryClient, projectId: string): Promise<void> {
  await call(api.DELETE('/projects/{project_id}', { params: { path: { project_id: projectId } } }))
  // Not its own page, which is left now.
  await Promise.all(
    ['list', 'names'].map((part) => client.invalidateQueries({ queryKey: ['projects', part] })),
  )
}

export interface ProjectCommands {
  readonly pause: (projectId: string, isNow: boolean) => Promise<void>
  readonly resume: (projectId: string) => Promise<void>
  readonly cancel: (projectId: string) => Promise<void>
  readonly setLane: (projectId: string, lane: Lane) => Promise<void>
}

/** Commands on all work of a project. They are shown as pending; what is refused is said. */
export function useProjectCommands(): ProjectCommands {
  const client = useQueryClient()
  return useMemo(() => commandsOf(client), [client])
}

function commandsOf(client: QueryClient): ProjectCommands {
  const path = (projectId: string) => ({ params: { path: { project_id: projectId } } })
  const send = (id: string, command: string, request: () => Promise<unknown>) =>
    withPending(client, { kind: 'projects', id, command }, request)
      .then(() => client.invalidateQueries({ queryKey: ['projects', 'detail', id] }))
      .then(() => undefined, sayError)
  return {
    pause: (id, isNow) =>
      send(id, 'pause', () =>
        call(api.POST('/projects/{project_id}/pause', { ...path(id), body: { now: isNow } })),
      ),
    resume: (id) => send(id, 'resume', () => call(api.POST('/projects/{project_id}/resume', path(id)))),
    cancel: (id) =>
      send(id, 'cancel', async () => {
        for (;;) {
          const answer = await call(api.POST('/projects/{project_id}/cancel', path(id)))
          if (answer.remaining_jobs === 0 || answer.changed_jobs === 0) return answer
        }
      }),
    setLane: (id, lane) =>
      send(id, 'priority', async () => {
        for (;;) {
          const body = { priority: lane }
          const answer = await call(api.POST('/projects/{project_id}/priority', { ...path(id), body }))
          if (answer.is_finished) return answer
        }
      }),
  }
}
