import { Checkbox, Stack, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { FormDialog } from '@/components/form-dialog'
import { EVENTS, useWebhookCommands, type Webhook, type WebhookEvent } from './api'

interface WebhookDialogProps {
  /** Which to change; a new one otherwise. */
  readonly webhook: Webhook | undefined
  readonly onSecret: (secret: string) => void
  readonly onClose: () => void
}

export function WebhookDialog({ webhook, onSecret, onClose }: WebhookDialogProps) {
  const { t } = useTranslation('operations')
  const { t: tApp } = useTranslation()
  const { create, change } = useWebhookCommands()
  const [url, setUrl] = useState(webhook?.url ?? '')
  const [events, setEvents] = useState<string[]>(webhook?.events ?? ['batch.ended'])
  const [description, setDescription] = useState(webhook?.description ?? '')
  const save = async () => {
    const body = { url: url.trim(), events: events as WebhookEvent[], description }
    if (webhook) await change.mutateAsync({ id: webhook.id, body })
    else onSecret((await create.mutateAsync(body)).secret)
  }
  return (
    <FormDialog
      title={webhook ? t('webhooks.change') : t('webhooks.add')}
      submit={tApp('actions.save')}
      isDisabled={!url.trim() || events.length === 0}
      onClose={onClose}
      onSubmit={save}
    >
      {(errorOf) => (
        <>
          <TextInput
            label={t('webhooks.url')}
            description={t('webhooks.urlText')}
            placeholder="https://example.com/cliprow"
            type="url"
            required
            data-autofocus
            value={url}
            onChange={(event) => setUrl(event.currentTarget.value)}
            error={errorOf('url')}
          />
          <Checkbox.Group
            label={t('webhooks.events')}
            required
            value={events}
            onChange={setEvents}
            error={errorOf('events')}
          >
            <Stack gap="xs" mt={6}>
              {EVENTS.map((event) => (
                <Checkbox key={event} value={event} label={t(`webhooks.event.${event.replace('.', '_')}`)} />
              ))}
            </Stack>
          </Checkbox.Group>
          <TextInput
            label={t('webhooks.description')}
            value={description}
            onChange={(event) => setDescription(event.currentTarget.value)}
            error={errorOf('description')}
          />
        </>
      )}
    </FormDialog>
  )
}
