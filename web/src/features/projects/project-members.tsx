/** Who works on a project, beside the admins and owners of the team. */

import { ActionIcon, Button, Group, NativeSelect, Skeleton, Stack, Text } from '@mantine/core'
import { IconUserMinus } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { Section } from '@/components/section'
import { api, call, type Schemas } from '@/lib/api'
import { sayError } from '@/lib/say'
import { projectMembersQuery, teamQuery } from './queries'

type Member = Schemas['ProjectMember']
type MemberRole = Member['role']
const ROLES = ['editor', 'viewer'] as const satisfies readonly MemberRole[]

interface ProjectMembersProps {
  readonly projectId: string
  readonly ownerId: string | null
  readonly mayChange: boolean
}

export function ProjectMembers({ projectId, ownerId, mayChange }: ProjectMembersProps) {
  const { t } = useTranslation('projects')
  const { data, error, refetch } = useQuery(projectMembersQuery(projectId))
  const team = useQuery(teamQuery)
  const owner = team.data?.items.find((each) => each.user_id === ownerId)?.email
  return (
    <Section title={t('members.title')} description={owner ? t('members.text', { owner }) : undefined}>
      {error && <Failed error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton height={72} />}
      {data && (
        <Stack gap="xs">
          {data.items.length === 0 && (
            <Text size="sm" c="dimmed">
              {t('members.none')}
            </Text>
          )}
          {data.items.map((member) => (
            <MemberLine key={member.user_id} projectId={projectId} member={member} mayChange={mayChange} />
          ))}
          {mayChange && (
            <AddMember
              projectId={projectId}
              taken={[ownerId, ...data.items.map((member) => member.user_id)]}
            />
          )}
        </Stack>
      )}
    </Section>
  )
}

function useMemberChange(projectId: string) {
  const client = useQueryClient()
  const path = (userId: string) => ({ params: { path: { project_id: projectId, user_id: userId } } })
  return useMutation({
    mutationFn: async ({ userId, role }: { userId: string; role: MemberRole | null }) => {
      if (role)
        await call(api.PUT('/projects/{project_id}/members/{user_id}', { ...path(userId), body: { role } }))
      else await call(api.DELETE('/projects/{project_id}/members/{user_id}', path(userId)))
    },
    onError: sayError,
    onSettled: () => client.invalidateQueries({ queryKey: ['projects', 'members', projectId] }),
  })
}

interface MemberLineProps {
  readonly projectId: string
  readonly member: Member
  readonly mayChange: boolean
}

function MemberLine({ projectId, member, mayChange }: MemberLineProps) {
  const { t } = useTranslation('projects')
  const { mutate, isPending } = useMemberChange(projectId)
  const email = member.email ?? member.user_id
  return (
    <Group gap="sm" justify="space-between" wrap="nowrap">
      <Text size="sm" truncate>
        {email}
      </Text>
      {mayChange ? (
        <Group gap="xs" wrap="nowrap">
          <RoleSelect
            label={t('members.roleOf', { email })}
            value={member.role}
            onChange={(role) => mutate({ userId: member.user_id, role })}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            loading={isPending}
            aria-label={t('members.remove', { email })}
            onClick={() => mutate({ userId: member.user_id, role: null })}
          >
            <IconUserMinus size={18} aria-hidden />
          </ActionIcon>
        </Group>
      ) : (
        <Text size="sm" c="dimmed">
          {t(`role.${member.role}`, { ns: 'app' })}
        </Text>
      )}
    </Group>
  )
}

interface RoleSelectProps {
  readonly label: string
  readonly value: MemberRole
  readonly onChange: (role: MemberRole) => void
}

function RoleSelect({ label, value, onChange }: RoleSelectProps) {
  const { t } = useTranslation()
  return (
    <NativeSelect
      w={140}
      aria-label={label}
      data={ROLES.map((role) => ({ value: role, label: t(`role.${role}`) }))}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value as MemberRole)}
    />
  )
}

interface AddMemberProps {
  readonly projectId: string
  readonly taken: readonly (string | null)[]
}

function AddMember({ projectId, taken }: AddMemberProps) {
  const { t } = useTranslation('projects')
  const { data } = useQuery(teamQuery)
  const [userId, setUserId] = useState<string | null>(null)
  const [role, setRole] = useState<MemberRole>('editor')
  const { mutate, isPending } = useMemberChange(projectId)
  // Admins and owners manage all projects anyway.
  const others = data?.items.filter(
    (each) => !taken.includes(each.user_id) && (each.role === 'editor' || each.role === 'viewer'),
  )
  if (!others || others.length === 0) return null
  const add = (event: FormEvent) => {
    event.preventDefault()
    if (userId) mutate({ userId, role }, { onSuccess: () => setUserId(null) })
  }
  return (
    <form onSubmit={add}>
      <Group gap="xs" mt="xs">
        <NativeSelect
          flex="1 1 200px"
          maw={360}
          aria-label={t('members.who')}
          data={[
            { value: '', label: t('members.who') },
            ...others.map((each) => ({ value: each.user_id, label: each.email ?? each.user_id })),
          ]}
          value={userId ?? ''}
          onChange={(event) => setUserId(event.currentTarget.value || null)}
        />
        <RoleSelect label={t('members.as')} value={role} onChange={setRole} />
        <Button type="submit" variant="default" loading={isPending} disabled={!userId}>
          {t('members.add')}
        </Button>
      </Group>
    </form>
  )
}
