import { api, call } from '@/lib/api'

export interface Found {
  /** Path of its page. */
  readonly value: string
  readonly label: string
  readonly kind: 'project' | 'batch' | 'job'
}

const MOST = 5

/** Projects, batches and jobs whose text contains the words. */
export async function findEverywhere(text: string): Promise<Found[]> {
  const params = { query: { text, limit: MOST } }
  const [projects, batches, jobs] = await Promise.all([
    call(api.GET('/projects', { params })),
    call(api.GET('/batches', { params })),
    call(api.GET('/jobs', { params })),
  ])
  return [
    ...projects.items.map(
      (each): Found => ({
        value: `/projects/${each.id}`,
        label: each.name || each.original_idea,
        kind: 'project',
      }),
    ),
    ...batches.items.map(
      (each): Found => ({
        value: `/batches/${each.id}`,
        label: `#${each.number} ${each.title}`,
        kind: 'batch',
      }),
    ),
    ...jobs.items.map(
      (each): Found => ({
        value: `/batches/${each.batch_id}?job=${each.id}`,
        label: each.topic,
        kind: 'job',
      }),
    ),
  ]
}
