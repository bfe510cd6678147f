/** What concerns all work of the team at once; each has to be confirmed by typing the team's name. */

import { Button, Checkbox, Group, Stack, Text } from '@mantine/core'
import { IconBan, IconPlayerPause, IconPlayerPlay, IconTrash } from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { Section } from '@/components/section'
import { forgetAll, meQuery, useIs, useMe } from '@/lib/me'
import { say, sayError } from '@/lib/say'
import { cancelEverything, deleteTeam, pauseEverything, resumeEverything } from './commands'

export function DangerZone() {
  const { t } = useTranslation('settings')
  const client = useQueryClient()
  const { tenant } = useMe()
  const isAdmin = useIs('admin')
  const isOwner = useIs('owner')
  const [asked, setAsked] = useState<'pause' | 'cancel' | 'delete'>()
  const [isNow, setNow] = useState(false)
  const again = () => client.invalidateQueries({ queryKey: meQuery.queryKey })
  const resume = useMutation({ mutationFn: resumeEverything, onSuccess: again, onError: sayError })
  if (!tenant || !isAdmin) return null
  const { id, name } = tenant
  const doIt = async () => {
    if (asked === 'pause') await pauseEverything(id, isNow)
    if (asked === 'cancel') say(t('danger.cancelled', { count: await cancelEverything(id) }))
    if (asked === 'delete') {
      await deleteTeam(id)
      await forgetAll(client)
      return
    }
    await again()
  }
  return (
    <Section title={t('danger.title')} description={t('danger.text')}>
      <Stack gap="md">
        <Line text={tenant.paused_at ? t('danger.isPaused') : t('danger.pauseText')}>
          {tenant.paused_at ? (
            <Button
              variant="light"
              leftSection={<IconPlayerPlay size={16} aria-hidden />}
              loading={resume.isPending}
              onClick={() => resume.mutate(id)}
            >
              {t('danger.resume')}
            </Button>
          ) : (
            <Button
              variant="default"
              leftSection={<IconPlayerPause size={16} aria-hidden />}
              onClick={() => setAsked('pause')}
            >
              {t('danger.pause')}
            </Button>
          )}
        </Line>
        <Line text={t('danger.cancelText')}>
          <Button
            variant="default"
            leftSection={<IconBan size={16} aria-hidden />}
            onClick={() => setAsked('cancel')}
          >
            {t('danger.cancel')}
          </Button>
        </Line>
        {isOwner && (
          <Line text={t('danger.deleteText')}>
            <Button
              color="red"
              leftSection={<IconTrash size={16} aria-hidden />}
              onClick={() => setAsked('delete')}
            >
              {t('danger.delete')}
            </Button>
          </Line>
        )}
      </Stack>
      {asked && (
        <ConfirmDialog
          title={t(`danger.${asked}Title`)}
          confirm={t(`danger.${asked}`)}
          isDangerous={asked !== 'pause'}
          typed={name}
          onClose={() => setAsked(undefined)}
          onConfirm={doIt}
        >
          <Stack gap="sm">
            {t(`danger.${asked}Text`)}
            {asked === 'pause' && (
              <Checkbox
                label={t('danger.now')}
                checked={isNow}
                onChange={(event) => setNow(event.currentTarget.checked)}
              />
            )}
          </Stack>
        </ConfirmDialog>
      )}
    </Section>
  )
}

function Line({ text, children }: { readonly text: string; readonly children: ReactNode }) {
  return (
    <Group justify="space-between" gap="sm">
      <Text size="sm" style={{ flex: '1 1 280px' }}>
        {text}
      </Text>
      {children}
    </Group>
  )
}
