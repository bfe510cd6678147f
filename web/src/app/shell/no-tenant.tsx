import { Button, Center, Stack, Text, TextInput, Title } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, call, idempotencyKey } from '@/lib/api'
import { forgetAll, useMe, useSwitchTenant } from '@/lib/me'
import { sayError } from '@/lib/say'
import { renewEverywhere, signOut } from '@/lib/session'

/** Signed in, and a member of nothing any more: act in another tenant, or make one. */
export function NoTenant() {
  const { t } = useTranslation('sign-in')
  const { t: common } = useTranslation()
  const { tenants } = useMe()
  const queries = useQueryClient()
  const [name, setName] = useState('')
  const change = useSwitchTenant()
  const create = useMutation({
    mutationFn: async () => {
      const made = await call(api.POST('/tenants', { body: { name }, params: { header: idempotencyKey() } }))
      await call(api.POST('/tenants/{tenant_id}/switch', { params: { path: { tenant_id: made.tenant_id } } }))
      await renewEverywhere()
      await forgetAll(queries)
    },
    onError: sayError,
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate()
  }
  return (
    <Center mih="100vh" p="md">
      <Stack maw={420} w="100%">
        <Title order={1} size="h2">
          {t('noTenant.title')}
        </Title>
        <Text c="dimmed">{t('noTenant.text')}</Text>
        {tenants.map((each) => (
          <Button
            key={each.id}
            variant="default"
            onClick={() => change.mutate(each.id, { onError: sayError })}
          >
            {each.name}
          </Button>
        ))}
        <form onSubmit={submit}>
          <Stack>
            <TextInput
              label={t('noTenant.name')}
              required
              maxLength={200}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <Button type="submit" loading={create.isPending}>
              {t('noTenant.create')}
            </Button>
          </Stack>
        </form>
        <Button variant="subtle" onClick={() => signOut().catch(sayError)}>
          {common('actions.signOut')}
        </Button>
      </Stack>
    </Center>
  )
}
