import { Stack, Text, TextInput, Title } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ButtonLink } from '@/components/links'
import { Loading } from '@/components/loading'
import { api, call } from '@/lib/api'
import { forgetAll } from '@/lib/me'
import { renew, renewEverywhere, session } from '@/lib/session'
import { useSession } from '@/lib/use-session'
import { SignInForm } from './form'

const route = getRouteApi('/sign-in-frame/invitation')

/** Where an invitation leads to: sign in or up first, then accept. */
export function InvitationPage() {
  const { t } = useTranslation('sign-in')
  const { token: given } = route.useSearch()
  const { status } = useSession()
  const router = useRouter()
  const queries = useQueryClient()
  const [token, setToken] = useState(given ?? '')
  useEffect(() => {
    if (session().status === 'starting') void renew().catch(() => undefined)
  }, [])
  const back = `/invitation${given ? `?token=${encodeURIComponent(given)}` : ''}`
  const accept = async () => {
    const { tenant_id } = await call(api.POST('/invitations/accept', { body: { token: token.trim() } }))
    await call(api.POST('/tenants/{tenant_id}/switch', { params: { path: { tenant_id } } }))
    await renewEverywhere()
    await forgetAll(queries)
    await router.navigate({ to: '/' })
  }
  if (status === 'starting') return <Loading />
  if (status === 'signed-out') {
    return (
      <Stack>
        <Title order={1} size="h3">
          {t('invitation.title')}
        </Title>
        <Text c="dimmed">{t('invitation.signInFirst')}</Text>
        <ButtonLink to="/sign-up" search={{ back }}>
          {t('signIn.toSignUp')}
        </ButtonLink>
        <ButtonLink variant="default" to="/sign-in" search={{ back }}>
          {t('signUp.toSignIn')}
        </ButtonLink>
      </Stack>
    )
  }
  return (
    <SignInForm
      title={t('invitation.title')}
      text={t('invitation.text')}
      submit={t('invitation.submit')}
      onSubmit={accept}
    >
      <TextInput
        label={t('invitation.token')}
        required
        value={token}
        onChange={(event) => setToken(event.currentTarget.value)}
      />
    </SignInForm>
  )
}
