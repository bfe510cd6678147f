import { Button, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { Failed } from '@/components/failed'
import { RowSkeletons } from '@/components/row-skeletons'
import { Section } from '@/components/section'
import { Table } from '@/components/table'
import { WideTable } from '@/components/wide-table'
import type { Schemas } from '@/lib/api'
import { formatAgo } from '@/lib/format'
import { invitationsQuery, useMemberCommands } from './api'

export function Invitations() {
  const { t } = useTranslation('settings')
  const { t: tApp } = useTranslation()
  const { data, error, isPending, refetch } = useQuery(invitationsQuery)
  const { revoke } = useMemberCommands()
  const [revoked, setRevoked] = useState<Schemas['Invitation']>()
  return (
    <Section title={t('invitations.title')} description={t('invitations.text')}>
      {error && <Failed error={error} onRetry={() => void refetch()} />}
      {isPending && <RowSkeletons count={2} />}
      {data?.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('invitations.none')}
        </Text>
      )}
      {data && data.length > 0 && (
        <WideTable
          label={t('invitations.title')}
          minWidth={480}
          columns={[
            { name: t('members.person') },
            { name: t('members.role') },
            { name: t('invitations.ends') },
            { name: '' },
          ]}
        >
          {data.map((invitation) => (
            <Table.Tr key={invitation.id}>
              <Table.Th scope="row" fw={500}>
                {invitation.email}
              </Table.Th>
              <Table.Td>{tApp(`role.${invitation.role}`)}</Table.Td>
              <Table.Td>{formatAgo(invitation.expires_at)}</Table.Td>
              <Table.Td ta="end">
                <Button size="compact-sm" variant="subtle" color="red" onClick={() => setRevoked(invitation)}>
                  {t('invitations.revoke')}
                </Button>
              </Table.Td>
            </Table.Tr>
          ))}
        </WideTable>
      )}
      {revoked && (
        <ConfirmDialog
          title={t('invitations.revokeTitle')}
          confirm={t('invitations.revoke')}
          isDangerous
          onClose={() => setRevoked(undefined)}
          onConfirm={() => revoke.mutateAsync(revoked.id)}
        >
          {t('invitations.revokeText', { email: revoked.email })}
        </ConfirmDialog>
      )}
    </Section>
  )
}
