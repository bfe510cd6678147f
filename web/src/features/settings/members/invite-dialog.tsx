import { Select, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { FormDialog } from '@/components/form-dialog'
import { useIs } from '@/lib/me'
import { ROLES, type Role, SCOPES, type Scope, useMemberCommands } from './api'

interface InviteDialogProps {
  /** Told the token, which is shown once. */
  readonly onToken: (token: string) => void
  readonly onClose: () => void
}

export function InviteDialog({ onToken, onClose }: InviteDialogProps) {
  const { t } = useTranslation('settings')
  const { t: tApp } = useTranslation()
  const isOwner = useIs('owner')
  const { invite } = useMemberCommands()
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<Role>('editor')
  const [scope, setScope] = useState<Scope>('tenant')
  return (
    <FormDialog
      title={t('members.invite')}
      submit={t('members.invite')}
      isDisabled={!email.trim()}
      onClose={onClose}
      onSubmit={async () =>
        onToken((await invite.mutateAsync({ email: email.trim(), role, analytics_scope: scope })).token)
      }
    >
      {(errorOf) => (
        <>
          <TextInput
            label={t('members.email')}
            type="email"
            required
            data-autofocus
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
            error={errorOf('email')}
          />
          <Select
            label={t('members.role')}
            description={t(`members.roleText.${role}`)}
            allowDeselect={false}
            data={ROLES.filter((each) => isOwner || each !== 'owner').map((value) => ({
              value,
              label: tApp(`role.${value}`),
            }))}
            value={role}
            onChange={(value) => setRole(value as Role)}
            error={errorOf('role')}
          />
          <Select
            label={t('members.scope')}
            allowDeselect={false}
            data={SCOPES.map((value) => ({ value, label: t(`members.scopes.${value}`) }))}
            value={scope}
            onChange={(value) => setScope(value as Scope)}
          />
        </>
      )}
    </FormDialog>
  )
}
