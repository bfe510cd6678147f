import { ActionIcon, Badge, Button, Group, Menu, Switch, Text } from '@mantine/core'
import { IconDots, IconKey, IconPencil, IconSend, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { say, sayError } from '@/lib/say'
import { useOperationsSearch } from '../use-search'
import { useWebhookCommands, type Webhook } from './api'

interface WebhookRowProps {
  readonly webhook: Webhook
  readonly onChange: () => void
  /** Shows a new secret, once. */
  readonly onSecret: (secret: string) => void
}

export function WebhookRow({ webhook, onChange, onSecret }: WebhookRowProps) {
  const { t } = useTranslation('operations')
  const { t: tApp } = useTranslation()
  const { search, change: changeSearch } = useOperationsSearch()
  const { change, remove, test, rotate } = useWebhookCommands()
  const [asked, setAsked] = useState<'remove' | 'rotate'>()
  const { id, url } = webhook
  const isShown = search.hook === id
  return (
    <div>
      <Group justify="space-between" gap="sm">
        <div style={{ minWidth: 0, flex: '1 1 280px' }}>
          <Text fw={550} style={{ overflowWrap: 'anywhere' }}>
            {url}
          </Text>
          <Group gap={4} mt={4}>
            {webhook.events.map((event) => (
              <Badge key={event} color="gray">
                {t(`webhooks.event.${event.replace('.', '_')}`)}
              </Badge>
            ))}
          </Group>
          {(webhook.description || webhook.disabled_reason) && (
            <Text size="xs" c="dimmed" mt={4}>
              {webhook.disabled_reason ?? webhook.description}
            </Text>
          )}
        </div>
        <Group gap="xs">
          <Switch
            label={t('webhooks.active')}
            checked={webhook.is_active}
            disabled={change.isPending}
            onChange={(event) =>
              change.mutate({ id, body: { is_active: event.currentTarget.checked } }, { onError: sayError })
            }
          />
          <Button
            size="compact-sm"
            variant="default"
            aria-pressed={isShown}
            onClick={() => changeSearch({ hook: isShown ? undefined : id })}
          >
            {t('webhooks.deliveries')}
          </Button>
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon variant="subtle" color="gray" aria-label={t('webhooks.more', { url })}>
                <IconDots size={18} aria-hidden />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item
                leftSection={<IconSend size={16} aria-hidden />}
                onClick={() =>
                  test.mutate(id, {
                    onError: sayError,
                    onSuccess: () => {
                      say(t('webhooks.tested'))
                      changeSearch({ hook: id })
                    },
                  })
                }
              >
                {t('webhooks.test')}
              </Menu.Item>
              <Menu.Item leftSection={<IconPencil size={16} aria-hidden />} onClick={onChange}>
                {t('webhooks.change')}
              </Menu.Item>
              <Menu.Item leftSection={<IconKey size={16} aria-hidden />} onClick={() => setAsked('rotate')}>
                {t('webhooks.rotate')}
              </Menu.Item>
              <Menu.Item
                color="red"
                leftSection={<IconTrash size={16} aria-hidden />}
                onClick={() => setAsked('remove')}
              >
                {tApp('actions.delete')}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </Group>
      </Group>
      {asked && (
        <ConfirmDialog
          title={t(`webhooks.${asked}Title`)}
          confirm={asked === 'remove' ? tApp('actions.delete') : t('webhooks.rotate')}
          isDangerous={asked === 'remove'}
          onClose={() => setAsked(undefined)}
          onConfirm={async () => {
            if (asked === 'remove') await remove.mutateAsync(id)
            else onSecret((await rotate.mutateAsync(id)).secret)
          }}
        >
          {t(`webhooks.${asked}Text`)}
        </ConfirmDialog>
      )}
    </div>
  )
}
