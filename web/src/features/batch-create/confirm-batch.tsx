import { Button, Group, List, Modal, Stack, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Stage } from '@/features/jobs/stages'
import { formatDuration, formatMoney, formatNumber, formatTime } from '@/lib/format'
import { projectTitle } from '@/lib/project-list'
import { useRow } from '@/lib/rows'
import type { Check } from './check'
import { LAST_STAGE } from './draft'
import { MOST_AT_ONCE } from './fill'
import type { BatchRequest } from './request'

interface ConfirmBatchProps {
  readonly isOpen: boolean
  readonly request: BatchRequest
  /** Name of a project that is still to be made. */
  readonly project: string
  readonly projectId: string | null
  readonly platforms: readonly string[]
  /** That videos go through by themselves. */
  readonly lastStage: Stage
  readonly check: Check | undefined
  readonly onConfirm: () => void
  readonly onClose: () => void
}

/** Says once more what will be made, before many videos are. */
export function ConfirmBatch({
  isOpen,
  request,
  project,
  projectId,
  platforms,
  lastStage,
  check,
  onConfirm,
  onClose,
}: ConfirmBatchProps) {
  const { t } = useTranslation('batch-create')
  const { t: shared } = useTranslation()
  const known = useRow('projects', projectId ?? '')
  const count = request.topics.length
  const { starts_at: start, deadline, budget } = request.options
  const cost = check?.cost
  const lines = [
    t('confirm.project', { project: known ? projectTitle(known) : project }),
    t('confirm.platforms', { platforms: platforms.join(', ') }),
    typeof start === 'string' ? t('confirm.starts', { time: formatTime(start) }) : t('confirm.startsNow'),
    typeof deadline === 'string' && t('confirm.deadline', { time: formatTime(deadline) }),
    check?.seconds != null && t('confirm.time', { time: formatDuration(check.seconds * 1000) }),
    cost?.amount != null &&
      cost.currency !== null &&
      (cost.amount === 0
        ? t('confirm.free')
        : t('confirm.cost', { cost: formatMoney(cost.amount, cost.currency) })),
    typeof budget === 'number' && t('confirm.budget', { budget: formatNumber(budget) }),
    lastStage !== LAST_STAGE && t(`pause.text.${lastStage}`, { count }),
    count > MOST_AT_ONCE && t('confirm.long'),
  ].filter((line): line is string => typeof line === 'string')
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title={t('confirm.title', { count, shown: formatNumber(count) })}
      closeButtonProps={{ 'aria-label': shared('actions.close') }}
    >
      <Stack>
        <List size="sm" spacing={6}>
          {lines.map((line) => (
            <List.Item key={line}>{line}</List.Item>
          ))}
        </List>
        <Text size="sm" c="dimmed">
          {t('confirm.after')}
        </Text>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('confirm.back')}
          </Button>
          <Button onClick={onConfirm} data-autofocus>
            {t('confirm.create')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
