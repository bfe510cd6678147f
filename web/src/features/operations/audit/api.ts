import { infiniteQueryOptions } from '@tanstack/react-query'
import { endless } from '@/components/endless'
import { api, call, type Schemas } from '@/lib/api'
import { dayEnd, dayStart } from '@/lib/search-params'
import type { OperationsSearch } from '../search'

export type AuditEvent = Schemas['AuditEvent']

export function auditQuery({ user, entity, action, door, from, to }: OperationsSearch) {
  const query = { user_id: user, entity, action, door, since: dayStart(from), until: dayEnd(to), limit: 50 }
  return infiniteQueryOptions({
    queryKey: ['audit', query],
    queryFn: ({ pageParam }) =>
      call(api.GET('/audit', { params: { query: { ...query, cursor: pageParam } } })),
    ...endless,
  })
}
