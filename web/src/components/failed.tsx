/** A part of a page that could not be fetched, or something that was refused. */

import { Alert, Button, Group } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import type { Ref } from 'react'
import { useTranslation } from 'react-i18next'
import { useDescribedError } from '@/lib/describe-error'
import { ServerWords } from './server-words'

interface FailedProps {
  readonly error: unknown
  readonly onRetry?: () => void
  /** For whoever moves the focus to it. */
  readonly ref?: Ref<HTMLDivElement>
}

export function Failed({ error, onRetry, ref }: FailedProps) {
  const { t } = useTranslation()
  const { title, message, detail } = useDescribedError(error)
  return (
    <Alert
      color="red"
      icon={<IconAlertTriangle aria-hidden />}
      title={title}
      role="alert"
      ref={ref}
      tabIndex={ref ? -1 : undefined}
    >
      <Group justify="space-between">
        {message}
        {onRetry && (
          <Button size="xs" variant="default" onClick={onRetry}>
            {t('actions.tryAgain')}
          </Button>
        )}
      </Group>
      <ServerWords>{detail}</ServerWords>
    </Alert>
  )
}
