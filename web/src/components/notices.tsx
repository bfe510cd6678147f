/** The messages at the edge of the page; fetched when there is the first one. */

import '@mantine/notifications/styles.css'
import { Notifications, notifications } from '@mantine/notifications'
import i18next from 'i18next'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { type Notice, showNoticesBy } from '@/lib/say'
import { ServerWords } from './server-words'

export function Notices() {
  const { t } = useTranslation()
  useEffect(() => showNoticesBy(show), [])
  return (
    <section aria-label={t('shell.messages')}>
      <Notifications position="bottom-right" />
    </section>
  )
}

function show({ message, detail = '', ...notice }: Notice): void {
  notifications.show({
    ...notice,
    closeButtonProps: { 'aria-label': i18next.t('actions.close') },
    message: (
      <>
        {message}
        <ServerWords>{detail}</ServerWords>
      </>
    ),
  })
}
