import { Alert, PasswordInput, Text, TextInput } from '@mantine/core'
import { IconMailCheck } from '@tabler/icons-react'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { signUp } from '@/lib/session'
import { SignInForm } from './form'
import { useLeaveWhenSignedIn } from './leave'
import { Providers } from './providers'

const route = getRouteApi('/sign-in-frame/sign-up')

import { TextLink } from '@/components/links'

export function SignUpPage() {
  const { t } = useTranslation('sign-in')
  const { back } = route.useSearch()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [team, setTeam] = useState('')
  const [isSent, setIsSent] = useState(false)
  useLeaveWhenSignedIn(back)
  const submit = async () => setIsSent(!(await signUp(email.trim(), password, team.trim())))
  if (isSent) {
    return (
      <Alert icon={<IconMailCheck aria-hidden />} title={t('signUp.sent')} role="status">
        {t('signUp.sentText', { email })}
      </Alert>
    )
  }
  return (
    <SignInForm
      title={t('signUp.title')}
      text={t('signUp.text')}
      submit={t('signUp.submit')}
      onSubmit={submit}
      below={
        <>
          <Providers back={back} />
          <Text size="sm" ta="center">
            {t('signUp.hasAccount')}{' '}
            <TextLink underline="always" to="/sign-in" search={back ? { back } : {}}>
              {t('signUp.toSignIn')}
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
        description={t('passwordRule')}
        name="new-password"
        autoComplete="new-password"
        required
        minLength={8}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        visibilityToggleButtonProps={{ 'aria-label': t('showPassword'), tabIndex: 0 }}
      />
      <TextInput
        label={t('signUp.team')}
        description={t('signUp.teamHint')}
        name="organization"
        autoComplete="organization"
        maxLength={200}
        value={team}
        onChange={(event) => setTeam(event.currentTarget.value)}
      />
    </SignInForm>
  )
}
