/** Who belongs to the team and what they may do, and who is asked to join. */

import { Button, Stack } from '@mantine/core'
import { IconUserPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { membersQuery } from '@/components/member-names'
import { RowSkeletons } from '@/components/row-skeletons'
import { SecretDialog } from '@/components/secret-dialog'
import { Section } from '@/components/section'
import { WideTable } from '@/components/wide-table'
import { useIs } from '@/lib/me'
import { invitationUrl } from './api'
import { Invitations } from './invitations'
import { InviteDialog } from './invite-dialog'
import { MemberRow } from './member-row'

export function Members() {
  const { t } = useTranslation('settings')
  const isAdmin = useIs('admin')
  const { data, error, isPending, refetch } = useQuery(membersQuery)
  const [isInviting, setInviting] = useState(false)
  const [token, setToken] = useState<string>()
  return (
    <Stack gap="lg">
      <Section
        title={t('members.title')}
        description={t('members.text')}
        actions={
          isAdmin && (
            <Button leftSection={<IconUserPlus size={16} aria-hidden />} onClick={() => setInviting(true)}>
              {t('members.invite')}
            </Button>
          )
        }
      >
        {error && <Failed error={error} onRetry={() => void refetch()} />}
        {isPending && <RowSkeletons />}
        {data && (
          <WideTable
            label={t('members.title')}
            minWidth={680}
            columns={[
              { name: t('members.person') },
              { name: t('members.role') },
              { name: t('members.scope') },
              { name: '' },
            ]}
          >
            {data.map((member) => (
              <MemberRow key={member.user_id} member={member} />
            ))}
          </WideTable>
        )}
      </Section>
      {isAdmin && <Invitations />}
      {isInviting && <InviteDialog onToken={setToken} onClose={() => setInviting(false)} />}
      {token && (
        <SecretDialog
          title={t('members.linkTitle')}
          text={t('members.linkText')}
          label={t('members.link')}
          value={invitationUrl(token)}
          onClose={() => setToken(undefined)}
        />
      )}
    </Stack>
  )
}
