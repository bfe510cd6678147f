/** The messages at the edge of the page; fetched when there is the first one. */

import '@mantine/notifications/styles.css'
import { Notifications, notifications } from '@mantine/notifications'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { showNoticesBy } from '@/lib/say'

export function Notices() {
  const { t } = useTranslation()
  useEffect(
    () =>
      showNoticesBy(
        (notice) =>
          void notifications.show({ ...notice, closeButtonProps: { 'aria-label': t('actions.close') } }),
      ),
    [t],
  )
  return (
    <section aria-label={t('shell.messages')}>
      <Notifications position="bottom-right" />
    </section>
  )
}
