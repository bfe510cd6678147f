import { Button, Stack } from '@mantine/core'
import { IconPlus, IconWebhook } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Empty } from '@/components/empty'
import { Failed } from '@/components/failed'
import { RowSkeletons } from '@/components/row-skeletons'
import classes from '@/components/ruled.module.css'
import { SecretDialog } from '@/components/secret-dialog'
import { Section } from '@/components/section'
import { useOperationsSearch } from '../use-search'
import { type Webhook, webhooksQuery } from './api'
import { Deliveries } from './deliveries'
import { WebhookDialog } from './webhook-dialog'
import { WebhookRow } from './webhook-row'

export function Webhooks() {
  const { t } = useTranslation('operations')
  const { search } = useOperationsSearch()
  const { data, error, isPending, refetch } = useQuery(webhooksQuery)
  const [changed, setChanged] = useState<Webhook | 'new'>()
  const [secret, setSecret] = useState<string>()
  const shown = data?.find(({ id }) => id === search.hook)
  return (
    <Stack gap="lg">
      <Section
        title={t('webhooks.title')}
        description={t('webhooks.text')}
        actions={
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setChanged('new')}>
            {t('webhooks.add')}
          </Button>
        }
      >
        {error && <Failed error={error} onRetry={() => void refetch()} />}
        {isPending && <RowSkeletons />}
        {data?.length === 0 && (
          <Empty icon={IconWebhook} title={t('webhooks.none')}>
            {t('webhooks.noneText')}
          </Empty>
        )}
        <Stack gap={0} className={classes.ruled}>
          {data?.map((webhook) => (
            <WebhookRow
              key={webhook.id}
              webhook={webhook}
              onChange={() => setChanged(webhook)}
              onSecret={setSecret}
            />
          ))}
        </Stack>
      </Section>
      {shown && <Deliveries webhook={shown} />}
      {changed && (
        <WebhookDialog
          webhook={changed === 'new' ? undefined : changed}
          onSecret={setSecret}
          onClose={() => setChanged(undefined)}
        />
      )}
      {secret && (
        <SecretDialog
          title={t('webhooks.secretTitle')}
          text={t('webhooks.secretText')}
          label={t('webhooks.secret')}
          value={secret}
          onClose={() => setSecret(undefined)}
        />
      )}
    </Stack>
  )
}
