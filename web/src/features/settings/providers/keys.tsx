/** Keys of providers that the team brings itself: set, replaced and removed, never shown. */

import { Button, Group, PasswordInput, Stack, Text } from '@mantine/core'
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { Failed } from '@/components/failed'
import { useMemberName } from '@/components/member-names'
import { Section } from '@/components/section'
import { api, call, type Schemas } from '@/lib/api'
import { formatTime } from '@/lib/format'
import { say } from '@/lib/say'

/** Providers that take a key of a team. */
const PROVIDERS = ['script'] as const

const keysQuery = queryOptions({
  queryKey: ['provider-keys'],
  queryFn: async () => (await call(api.GET('/provider-keys'))).items,
})

export function Keys() {
  const { t } = useTranslation('settings')
  const { data, error, refetch } = useQuery(keysQuery)
  return (
    <Section title={t('keys.title')} description={t('keys.text')}>
      {error && <Failed error={error} onRetry={() => void refetch()} />}
      {PROVIDERS.map((provider) => (
        <KeyForm
          key={provider}
          provider={provider}
          known={data?.find((each) => each.provider === provider)}
        />
      ))}
    </Section>
  )
}

interface KeyFormProps {
  readonly provider: (typeof PROVIDERS)[number]
  readonly known: Schemas['ProviderKey'] | undefined
}

function KeyForm({ provider, known }: KeyFormProps) {
  const { t } = useTranslation('settings')
  const { t: tApp } = useTranslation()
  const client = useQueryClient()
  const nameOf = useMemberName()
  const [key, setKey] = useState('')
  const [isAsking, setAsking] = useState(false)
  const params = { path: { provider } }
  const again = () => client.invalidateQueries({ queryKey: keysQuery.queryKey })
  const save = useMutation({
    mutationFn: () => call(api.PUT('/provider-keys/{provider}', { params, body: { key: key.trim() } })),
    onSuccess: async () => {
      setKey('')
      await again()
      say(t('saved'))
    },
  })
  const remove = useMutation({
    mutationFn: () => call(api.DELETE('/provider-keys/{provider}', { params })),
    onSuccess: again,
  })
  const send = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  return (
    <form onSubmit={send}>
      <Stack gap="sm">
        {save.error && <Failed error={save.error} />}
        <Group align="flex-end" gap="sm">
          <PasswordInput
            style={{ flex: '1 1 280px' }}
            label={t(`keys.of.${provider}`)}
            description={
              known
                ? t('keys.known', {
                    end: known.last_four || '…',
                    time: formatTime(known.set_at),
                    who: nameOf(known.set_by) ?? '–',
                  })
                : t('keys.unknown')
            }
            autoComplete="off"
            minLength={8}
            value={key}
            onChange={(event) => setKey(event.currentTarget.value)}
            visibilityToggleButtonProps={{ 'aria-label': t('account.show'), tabIndex: 0 }}
          />
          <Button type="submit" loading={save.isPending} disabled={key.trim().length < 8}>
            {known ? t('keys.replace') : tApp('actions.save')}
          </Button>
          {known && (
            <Button variant="subtle" color="red" onClick={() => setAsking(true)}>
              {t('keys.remove')}
            </Button>
          )}
        </Group>
        <Text size="xs" c="dimmed">
          {t('keys.never')}
        </Text>
      </Stack>
      {isAsking && (
        <ConfirmDialog
          title={t('keys.removeTitle')}
          confirm={t('keys.remove')}
          isDangerous
          onClose={() => setAsking(false)}
          onConfirm={() => remove.mutateAsync()}
        >
          {t('keys.removeText')}
        </ConfirmDialog>
      )}
    </form>
  )
}
