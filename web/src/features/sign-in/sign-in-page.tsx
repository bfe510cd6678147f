import { Group, PasswordInput, Text, TextInput } from '@mantine/core'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { signIn } from '@/lib/session'
import { SignInForm } from './form'
import { useLeaveWhenSignedIn } from './leave'
import { Providers } from './providers'

const route = getRouteApi('/sign-in-frame/sign-in')

import { TextLink } from '@/components/links'

export function SignInPage() {
  const { t } = useTranslation('sign-in')
  const { back } = route.useSearch()
  const router = useRouter()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  useLeaveWhenSignedIn(back)
  const submit = async () => {
    await signIn(email.trim(), password)
    await router.invalidate()
  }
  return (
    <SignInForm
      title={t('signIn.title')}
      text={back ? t('signIn.back') : undefined}
      submit={t('signIn.submit')}
      onSubmit={submit}
      below={
        <>
          <Providers back={back} />
          <Text size="sm" ta="center">
            {t('signIn.noAccount')}{' '}
            <TextLink underline="always" to="/sign-up" search={back ? { back } : {}}>
              {t('signIn.toSignUp')}
            </TextLink>
          </Text>
        </>
      }
    >
      <TextInput
        label={t('email')}
        type="email"
        name="email"
        autoComplete="username"
        required
        autoFocus
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      <PasswordInput
        label={t('password')}
        name="password"
        autoComplete="current-password"
        required
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        visibilityToggleButtonProps={{ 'aria-label': t('showPassword'), tabIndex: 0 }}
      />
      <Group justify="flex-end" mt={-8}>
        <TextLink to="/forgotten" size="sm">
          {t('signIn.forgotten')}
        </TextLink>
      </Group>
    </SignInForm>
  )
}
