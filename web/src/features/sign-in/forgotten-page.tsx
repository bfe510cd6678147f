import { Alert, TextInput } from '@mantine/core'
import { IconMailCheck } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { TextLink } from '@/components/links'
import { recover } from '@/lib/session'
import { SignInForm } from './form'

export function ForgottenPage() {
  const { t } = useTranslation('sign-in')
  const [email, setEmail] = useState('')
  const [isSent, setIsSent] = useState(false)
  const submit = async () => {
    await recover(email.trim())
    setIsSent(true)
  }
  if (isSent) {
    return (
      <Alert icon={<IconMailCheck aria-hidden />} title={t('forgotten.sent')} role="status">
        {t('forgotten.sentText', { email })}
      </Alert>
    )
  }
  return (
    <SignInForm
      title={t('forgotten.title')}
      text={t('forgotten.text')}
      submit={t('forgotten.submit')}
      onSubmit={submit}
      below={
        <TextLink to="/sign-in" size="sm" ta="center">
          {t('toSignIn')}
        </TextLink>
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
    </SignInForm>
  )
}
