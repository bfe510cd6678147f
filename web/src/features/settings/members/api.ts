import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { membersQuery } from '@/components/member-names'
import { api, call, idempotencyKey, type Schemas } from '@/lib/api'
import { pageUrl } from '@/lib/session'

export type Member = Schemas['Member']
export type Role = Member['role']
export type Scope = Member['analytics_scope']

export const ROLES: readonly Role[] = ['viewer', 'editor', 'admin', 'owner']
export const SCOPES: readonly Scope[] = ['none', 'project', 'tenant']

export const invitationsQuery = queryOptions({
  queryKey: ['invitations'],
  queryFn: async () =>
    (await call(api.GET('/invitations', { params: { query: { is_open: true, limit: 200 } } }))).items,
})

/** Where who was invited accepts; the token is told once. */
export function invitationUrl(token: string): string {
  return pageUrl(`invitation?token=${encodeURIComponent(token)}`)
}

export function useMemberCommands() {
  const client = useQueryClient()
  const onSuccess = () => client.invalidateQueries({ queryKey: membersQuery.queryKey })
  const onInvited = () => client.invalidateQueries({ queryKey: invitationsQuery.queryKey })
  return {
    change: useMutation({
      mutationFn: ({ userId, body }: { userId: string; body: Schemas['MemberChange'] }) =>
        call(api.PATCH('/members/{user_id}', { params: { path: { user_id: userId } }, body })),
      onSuccess,
    }),
    remove: useMutation({
      mutationFn: (userId: string) =>
        call(api.DELETE('/members/{user_id}', { params: { path: { user_id: userId } } })),
      onSuccess,
    }),
    invite: useMutation({
      mutationFn: (body: Schemas['NewInvitation']) =>
        call(api.POST('/invitations', { params: { header: idempotencyKey() }, body })),
      onSuccess: onInvited,
    }),
    revoke: useMutation({
      mutationFn: (id: string) =>
        call(api.DELETE('/invitations/{invitation_id}', { params: { path: { invitation_id: id } } })),
      onSuccess: onInvited,
    }),
  }
}
