/** What columns were chosen to be in this team, by the names of their headings. */

import { type QueryClient, queryOptions } from '@tanstack/react-query'
import { api, call } from '@/lib/api'
import { type ColumnMap, headingKey } from './columns'

/** Longer headings are not remembered. */
const LONGEST = 200

export const columnsQuery = queryOptions({
  queryKey: ['imports', 'columns'],
  queryFn: async (): Promise<ColumnMap> => (await call(api.GET('/imports/columns'))).columns,
})

export async function rememberColumns(client: QueryClient, map: ColumnMap): Promise<void> {
  const chosen = Object.entries(map)
    .map(([heading, field]) => [headingKey(heading), field] as const)
    .filter(([heading]) => heading !== '' && heading.length <= LONGEST)
  await call(api.PATCH('/imports/columns', { body: { columns: Object.fromEntries(chosen) } }))
  await client.invalidateQueries({ queryKey: columnsQuery.queryKey })
}
