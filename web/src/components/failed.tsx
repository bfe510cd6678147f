/** A part of a page that could not be fetched. */

import { Alert, Button, Group } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { describeError } from '@/lib/say'

export function Failed({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }) {
  const { t } = useTranslation()
  const { title, message } = describeError(error)
  return (
    <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title={title} role="alert">
      <Group justify="space-between">
        {message}
        {onRetry && (
          <Button size="xs" variant="default" onClick={onRetry}>
            {t('actions.tryAgain')}
          </Button>
        )}
      </Group>
    </Alert>
  )
}
