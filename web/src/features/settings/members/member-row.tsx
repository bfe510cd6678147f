import { Badge, Button, Group, Select, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { Table } from '@/components/table'
import { formatDate } from '@/lib/format'
import { forgetAll, useIs, useMe } from '@/lib/me'
import { sayError } from '@/lib/say'
import { type Member, ROLES, type Role, SCOPES, type Scope, useMemberCommands } from './api'

export function MemberRow({ member }: { readonly member: Member }) {
  const { t } = useTranslation('settings')
  const { t: tApp } = useTranslation()
  const client = useQueryClient()
  const me = useMe()
  const isOwner = useIs('owner')
  const isAdmin = useIs('admin')
  const { change, remove } = useMemberCommands()
  const [isAsking, setAsking] = useState(false)
  const { user_id: userId, email, role, analytics_scope: scope } = member
  const isMe = userId === me.user_id
  // Admins control those below owner; the database decides.
  const mayChange = isOwner || (isAdmin && role !== 'owner')
  const name = email ?? userId
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={500}>
        <Group gap="xs">
          {name}
          {isMe && <Badge>{t('members.you')}</Badge>}
        </Group>
        <Text size="xs" c="dimmed">
          {t('members.since', { date: formatDate(member.joined_at) })}
        </Text>
      </Table.Th>
      <Table.Td>
        <Select
          size="xs"
          w={150}
          allowDeselect={false}
          aria-label={t('members.roleOf', { name })}
          disabled={!mayChange || change.isPending}
          data={ROLES.map((value) => ({
            value,
            label: tApp(`role.${value}`),
            disabled: value === 'owner' && !isOwner,
          }))}
          value={role}
          onChange={(value) =>
            change.mutate({ userId, body: { role: value as Role } }, { onError: sayError })
          }
        />
      </Table.Td>
      <Table.Td>
        <Select
          size="xs"
          w={190}
          allowDeselect={false}
          aria-label={t('members.scopeOf', { name })}
          disabled={!mayChange || change.isPending}
          data={SCOPES.map((value) => ({ value, label: t(`members.scopes.${value}`) }))}
          value={scope}
          onChange={(value) =>
            change.mutate({ userId, body: { analytics_scope: value as Scope } }, { onError: sayError })
          }
        />
      </Table.Td>
      <Table.Td ta="end">
        {(mayChange || isMe) && (
          <Button size="compact-sm" variant="subtle" color="red" onClick={() => setAsking(true)}>
            {isMe ? t('members.leave') : t('members.remove')}
          </Button>
        )}
        {isAsking && (
          <ConfirmDialog
            title={isMe ? t('members.leaveTitle') : t('members.removeTitle', { name })}
            confirm={isMe ? t('members.leave') : t('members.remove')}
            isDangerous
            onClose={() => setAsking(false)}
            onConfirm={async () => {
              await remove.mutateAsync(userId)
              if (isMe) await forgetAll(client)
            }}
          >
            {isMe ? t('members.leaveText') : t('members.removeText')}
          </ConfirmDialog>
        )}
      </Table.Td>
    </Table.Tr>
  )
}
