import { Badge, Button, Group, NumberInput, Stack, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { Section } from '@/components/section'
import { api, call, type Schemas } from '@/lib/api'
import { meQuery, useIs, useMe } from '@/lib/me'
import { say } from '@/lib/say'

/** Name of the team, and how many of its tasks may run at once. */
export function TeamForm() {
  const { t } = useTranslation('settings')
  const { t: tApp } = useTranslation()
  const client = useQueryClient()
  const isAdmin = useIs('admin')
  const { tenant } = useMe()
  const [name, setName] = useState(tenant?.name ?? '')
  const [cap, setCap] = useState<number | string>(tenant?.max_concurrent_tasks ?? '')
  const { mutate, isPending, error } = useMutation({
    mutationFn: (body: Schemas['TenantChange']) =>
      call(api.PATCH('/tenants/{tenant_id}', { params: { path: { tenant_id: tenant?.id ?? '' } }, body })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: meQuery.queryKey })
      say(t('saved'))
    },
  })
  const send = (event: FormEvent) => {
    event.preventDefault()
    const most = cap === '' ? null : Number(cap)
    mutate({
      name: name.trim(),
      // Only what was changed: operators set bounds for some teams.
      ...(most === tenant?.max_concurrent_tasks ? {} : { max_concurrent_tasks: most }),
    })
  }
  return (
    <Section
      title={t('team.title')}
      actions={tenant && <Badge color="gray">{t(`team.plan.${tenant.plan}`)}</Badge>}
    >
      <form onSubmit={send}>
        <Stack>
          {error && <Failed error={error} />}
          <TextInput
            label={t('team.name')}
            required
            disabled={!isAdmin}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <NumberInput
            label={t('team.cap')}
            description={t('team.capText')}
            min={1}
            max={10_000}
            allowDecimal={false}
            disabled={!isAdmin}
            placeholder={t('caps.noCap')}
            value={cap}
            onChange={setCap}
          />
          {isAdmin && (
            <Group>
              <Button type="submit" loading={isPending} disabled={!name.trim()}>
                {tApp('actions.save')}
              </Button>
            </Group>
          )}
        </Stack>
      </form>
    </Section>
  )
}
