import { type QueryClient, queryOptions } from '@tanstack/react-query'
import { api, call } from './api'
import { mergeRows, type ProjectRow } from './rows'

/** Projects that one may make videos in and whose name or idea has a text, the newest first. */
export function projectChoicesQuery(client: QueryClient, text: string) {
  return queryOptions({
    queryKey: ['projects', 'choices', text],
    queryFn: async () => {
      const query = { text: text || undefined, may_control: true, limit: 50 }
      const { items } = await call(api.GET('/projects', { params: { query } }))
      mergeRows(client, 'projects', items)
      return items.filter(({ status }) => status !== 'archived').map(({ id }) => id)
    },
    meta: { live: { kinds: ['projects'], everyMs: 10_000 } },
  })
}

/** One project, so that its row is known. */
export function projectRowQuery(client: QueryClient, id: string) {
  return queryOptions({
    queryKey: ['projects', 'row', id],
    queryFn: async () => {
      const project = await call(api.GET('/projects/{project_id}', { params: { path: { project_id: id } } }))
      mergeRows(client, 'projects', [project])
      return project.id
    },
    enabled: id !== '',
  })
}

/** What a project is called: by its name, or by the idea it came from. */
export function projectTitle(project: Pick<ProjectRow, 'name' | 'original_idea'>): string {
  const title = project.name || project.original_idea
  return title.length > 80 ? `${title.slice(0, 79)}…` : title
}
