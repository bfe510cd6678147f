import { Button, Card, Group, Progress, Stack, Text, Title } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { LazyConfirmDialog } from '@/components/lazy-confirm-dialog'
import { formatNumber } from '@/lib/format'
import { SaidError } from '@/lib/problem'
import { isOfAnotherList } from './fill'

interface SendingPanelProps {
  readonly sent: number
  readonly total: number
  readonly isSending: boolean
  readonly error: Error | null
  readonly onGoOn: () => void
  /** Takes back what was sent. */
  readonly onGiveUp: () => Promise<void>
}

/** A batch on its way to the server; where that broke off, what to do. */
export function SendingPanel({ sent, total, isSending, error, onGoOn, onGiveUp }: SendingPanelProps) {
  const { t } = useTranslation('batch-create')
  const [isAsking, setAsking] = useState(false)
  const isOther = isOfAnotherList(error)
  const values = { sent: formatNumber(sent), total: formatNumber(total) }
  return (
    <Card padding="lg" maw={640}>
      <Stack>
        <Title order={2} size="h4">
          {isSending ? t('sending.title') : t('sending.stopped')}
        </Title>
        <Progress.Root size="lg">
          <Progress.Section
            value={total ? (100 * sent) / total : 0}
            animated={isSending}
            aria-label={t('sending.label')}
            aria-valuetext={t('sending.count', values)}
          />
        </Progress.Root>
        <Text size="sm" className="figures" role="status">
          {t('sending.count', values)}
        </Text>
        {error && (
          <Failed
            error={isOther ? new SaidError(t('sending.otherList'), t('sending.otherListNext')) : error}
          />
        )}
        {!isOther && (
          <Text size="sm" c="dimmed">
            {isSending ? t('sending.stay') : sent > 0 ? t('sending.goOnHint') : t('sending.unsure')}
          </Text>
        )}
        {!isSending && (
          <Group gap="xs">
            {!isOther && <Button onClick={onGoOn}>{t('sending.goOn')}</Button>}
            <Button variant="default" onClick={() => setAsking(true)}>
              {t('sending.giveUp')}
            </Button>
          </Group>
        )}
        {isAsking && (
          <LazyConfirmDialog
            title={t('sending.giveUpTitle')}
            confirm={t('sending.giveUpConfirm')}
            isDangerous
            onClose={() => setAsking(false)}
            onConfirm={onGiveUp}
          >
            {sent > 0 ? t('sending.giveUpText', values) : t('sending.giveUpUnsure')}
          </LazyConfirmDialog>
        )}
      </Stack>
    </Card>
  )
}
