/** What a task of a stage costs the team, however its provider is paid: a setting of the team. */

import { Button, Group, NumberInput, SimpleGrid, Stack, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { Section } from '@/components/section'
import { api, call, type Schemas } from '@/lib/api'
import { meQuery, useMe } from '@/lib/me'
import { say } from '@/lib/say'

const STAGES = [
  'script_generation',
  'audio_generation',
  'video_generation',
  'platform_adaptation',
  'post_processing',
] as const satisfies Schemas['Stage'][]

type Amounts = Record<(typeof STAGES)[number], number | string>

export function TaskPrices() {
  const { t } = useTranslation('settings')
  const { t: tApp } = useTranslation()
  const client = useQueryClient()
  const { tenant } = useMe()
  const known = (tenant?.settings.prices ?? {}) as Partial<Record<string, number | string>>
  const [currency, setCurrency] = useState(String(known.currency ?? 'USD'))
  const [amounts, setAmounts] = useState(
    () => Object.fromEntries(STAGES.map((stage) => [stage, known[stage] ?? ''])) as Amounts,
  )
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => {
      const set = Object.entries(amounts).filter(([, amount]) => amount !== '')
      // Settings are replaced as a whole.
      const { prices: _, ...settings } = tenant?.settings ?? {}
      const prices = Object.fromEntries(set.map(([stage, amount]) => [stage, Number(amount)]))
      return call(
        api.PATCH('/tenants/{tenant_id}', {
          params: { path: { tenant_id: tenant?.id ?? '' } },
          body: { settings: set.length > 0 ? { ...settings, prices: { currency, ...prices } } : settings },
        }),
      )
    },
    onSuccess: async () => {
      await Promise.all([
        client.invalidateQueries({ queryKey: meQuery.queryKey }),
        client.invalidateQueries({ queryKey: ['prices'] }),
      ])
      say(t('saved'))
    },
  })
  const send = (event: FormEvent) => {
    event.preventDefault()
    mutate()
  }
  return (
    <Section title={t('taskPrices.title')} description={t('taskPrices.text')}>
      <form onSubmit={send}>
        <Stack>
          {error && <Failed error={error} />}
          <SimpleGrid cols={{ base: 2, sm: 3 }}>
            {STAGES.map((stage) => (
              <NumberInput
                key={stage}
                label={tApp(`stage.${stage}`)}
                min={0}
                decimalScale={6}
                value={amounts[stage]}
                onChange={(value) => setAmounts({ ...amounts, [stage]: value })}
              />
            ))}
            <TextInput
              label={t('taskPrices.currency')}
              maxLength={3}
              value={currency}
              onChange={(event) => setCurrency(event.currentTarget.value.toUpperCase())}
            />
          </SimpleGrid>
          <Group>
            <Button type="submit" loading={isPending} disabled={currency.length !== 3}>
              {tApp('actions.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  )
}
