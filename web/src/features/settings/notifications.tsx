import { Alert, Stack, Switch } from '@mantine/core'
import { IconBellOff } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Section } from '@/components/section'
import { type NoticeWishes, setNoticeWishes, useNoticeWishes } from '@/lib/notice-wishes'

/** What this browser tells; it asks for the permission only when the first is wanted. */
export function Notifications() {
  const { t } = useTranslation('settings')
  const wishes = useNoticeWishes()
  const isPossible = typeof Notification !== 'undefined'
  const [permission, setPermission] = useState(isPossible ? Notification.permission : 'denied')
  const isOn = permission === 'granted'
  const wish = async (name: keyof NoticeWishes, isWanted: boolean) => {
    let may = permission
    if (isWanted && may === 'default') {
      may = await Notification.requestPermission()
      setPermission(may)
    }
    setNoticeWishes({ ...wishes, [name]: isWanted && may === 'granted' })
  }
  return (
    <Stack>
      <Section title={t('notices.title')} description={t('notices.text')}>
        {permission === 'denied' && (
          <Alert color="orange" icon={<IconBellOff aria-hidden />} title={t('notices.denied')}>
            {isPossible ? t('notices.deniedText') : t('notices.impossible')}
          </Alert>
        )}
        {(['failures', 'batches'] as const).map((name) => (
          <Switch
            key={name}
            label={t(`notices.${name}`)}
            description={t(`notices.${name}Text`)}
            disabled={permission === 'denied'}
            checked={isOn && wishes[name]}
            onChange={(event) => void wish(name, event.currentTarget.checked)}
          />
        ))}
      </Section>
    </Stack>
  )
}
