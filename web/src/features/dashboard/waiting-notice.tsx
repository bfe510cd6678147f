import { Alert, Group } from '@mantine/core'
import { IconEye } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { ButtonLink } from '@/components/links'
import { formatNumber } from '@/lib/format'
import { waitingQuery } from './api'

/** Videos that stand still until somebody has looked at them. */
export function WaitingNotice() {
  const { t } = useTranslation('dashboard')
  const { data } = useQuery(waitingQuery)
  if (!data || data.count === 0) return null
  const link = { size: 'xs', variant: 'default' } as const
  return (
    <Alert
      color="ink"
      icon={<IconEye aria-hidden />}
      title={t('waiting.title', { count: data.count, shown: formatNumber(data.count) })}
    >
      <Group justify="space-between">
        {t('waiting.text')}
        {data.batchId ? (
          <ButtonLink
            {...link}
            to="/batches/$batchId"
            params={{ batchId: data.batchId }}
            search={{ waits: 'any' }}
          >
            {t('waiting.look')}
          </ButtonLink>
        ) : (
          <ButtonLink {...link} to="/history" search={{ waits: 'any' }}>
            {t('waiting.look')}
          </ButtonLink>
        )}
      </Group>
    </Alert>
  )
}
