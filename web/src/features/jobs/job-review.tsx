import { Alert, Button, Group, Text } from '@mantine/core'
import { IconEye, IconPlayerPlay } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { usePendingCommand } from '@/lib/live/commands'
import type { JobRow } from '@/lib/rows'
import { useJobCommands } from './commands'
import { waitsAfter } from './held'

interface JobReviewProps {
  readonly job: JobRow
  readonly isControlled: boolean
}

/** What a job that waits for somebody has ready, and the button that lets it go on. */
export function JobReview({ job, isControlled }: JobReviewProps) {
  const { t } = useTranslation('jobs')
  const commands = useJobCommands()
  const pending = usePendingCommand(job.id)
  const stage = waitsAfter(job)
  if (!stage) return null
  return (
    <Alert color="ink" icon={<IconEye aria-hidden />} title={t(`review.title.${stage}`)}>
      <Group justify="space-between" gap="sm">
        <Text size="sm" flex="1 1 240px" style={{ textWrap: 'pretty' }}>
          {t(isControlled ? `review.text.${stage}` : 'review.others')}
        </Text>
        {isControlled && (
          <Button
            size="sm"
            loading={pending !== undefined}
            leftSection={<IconPlayerPlay size={16} aria-hidden />}
            onClick={() => void commands.resume(job.id)}
          >
            {t('control.goOn', { ns: 'app' })}
          </Button>
        )}
      </Group>
    </Alert>
  )
}
