/** Where the link to choose a new password leads to; whoever is signed in already may come here too. */

import { PasswordInput, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { TextLink } from '@/components/links'
import { Loading } from '@/components/loading'
import { say } from '@/lib/say'
import { session } from '@/lib/session'
import { takeArrival } from './arrival'
import { SignInForm } from './form'
import { setPassword as savePassword } from './password'

export function NewPasswordPage() {
  const { t } = useTranslation('sign-in')
  const router = useRouter()
  const [password, setPassword] = useState('')
  const arrival = useQuery({
    queryKey: ['arrival'],
    queryFn: async () => {
      if (session().status !== 'signed-in') await takeArrival()
      return true
    },
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  })
  if (arrival.error) {
    return (
      <Stack>
        <Failed error={arrival.error} />
        <TextLink to="/forgotten" ta="center">
          {t('newPassword.another')}
        </TextLink>
      </Stack>
    )
  }
  if (!arrival.data) return <Loading />
  const submit = async () => {
    await savePassword(password)
    say(t('newPassword.saved'))
    await router.navigate({ to: '/' })
  }
  return (
    <SignInForm title={t('newPassword.title')} submit={t('newPassword.submit')} onSubmit={submit}>
      <PasswordInput
        label={t('newPassword.password')}
        description={t('passwordRule')}
        name="new-password"
        autoComplete="new-password"
        required
        autoFocus
        minLength={8}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        visibilityToggleButtonProps={{ 'aria-label': t('showPassword'), tabIndex: 0 }}
      />
    </SignInForm>
  )
}
