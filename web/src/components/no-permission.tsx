import { IconLock } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { Empty } from './empty'
import { ButtonLink } from './links'

/** A page for others; who may give the right. */
export function NoPermission() {
  const { t } = useTranslation()
  return (
    <Empty
      icon={IconLock}
      title={t('noPermission.title')}
      action={
        <ButtonLink variant="default" to="/" mt="xs">
          {t('actions.toDashboard')}
        </ButtonLink>
      }
    >
      {t('noPermission.text')}
    </Empty>
  )
}
