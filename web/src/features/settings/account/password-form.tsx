import { Button, Group, PasswordInput, Stack } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { setPassword as savePassword } from '@/features/sign-in/password'
import { say } from '@/lib/say'

export function PasswordForm() {
  const { t } = useTranslation('settings')
  const { t: tApp } = useTranslation()
  const [password, setPassword] = useState('')
  const { mutate, isPending, error } = useMutation({
    mutationFn: savePassword,
    onSuccess: () => {
      setPassword('')
      say(t('account.passwordSaved'))
    },
  })
  const send = (event: FormEvent) => {
    event.preventDefault()
    if (!isPending) mutate(password)
  }
  return (
    <form onSubmit={send}>
      <Stack maw={420}>
        {error && <Failed error={error} />}
        <PasswordInput
          label={t('account.newPassword')}
          description={t('account.passwordRule')}
          autoComplete="new-password"
          minLength={8}
          required
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          visibilityToggleButtonProps={{ 'aria-label': t('account.show'), tabIndex: 0 }}
        />
        <Group>
          <Button type="submit" loading={isPending} disabled={password.length < 8}>
            {tApp('actions.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
