/** Says how many jobs an action on many would change, does it, and says how it went. */

import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { formatNumber } from '@/lib/format'
import { say, sayError } from '@/lib/say'
import { useReturnFocus } from '@/lib/use-return-focus'
import type { BulkAction } from './bulk-bar'
import { actOnJobs, countJobs, type JobsAction, type JobTarget } from './commands'
import { RetryDialog } from './retry-dialog'

interface BulkDialogProps {
  readonly action: BulkAction
  readonly target: JobTarget
  readonly onDone: () => void
  readonly onClose: () => void
}

export function BulkDialog({ action, target, onDone, onClose }: BulkDialogProps) {
  const { t } = useTranslation('jobs')
  const client = useQueryClient()
  const [done, setDone] = useState(0)
  const act = useMutation({
    mutationFn: (body: JobsAction) => actOnJobs(body, setDone),
    onSuccess: ({ changed, skipped }) => {
      const values = { number: formatNumber(changed), count: changed, skipped: formatNumber(skipped) }
      say(t(skipped > 0 ? 'bulk.doneSome' : 'bulk.done', values))
      void client.invalidateQueries({ queryKey: ['jobs'] })
      void client.invalidateQueries({ queryKey: ['batches'] })
      onDone()
    },
    onError: sayError,
  })
  if (action.action === 'retry') {
    return (
      <RetryDialog
        target={target}
        isPending={act.isPending}
        onCancel={onClose}
        onConfirmRetry={({ stage }) => act.mutate({ ...action, ...target, stage })}
      />
    )
  }
  return (
    <BulkConfirm
      action={{ ...action, ...target }}
      done={act.isPending ? done : null}
      onConfirm={() => act.mutate({ ...action, ...target })}
      onClose={onClose}
    />
  )
}

interface BulkConfirmProps {
  readonly action: JobsAction
  /** Jobs that are changed so far; null before it began. */
  readonly done: number | null
  readonly onConfirm: () => void
  readonly onClose: () => void
}

function BulkConfirm({ action, done, onConfirm, onClose }: BulkConfirmProps) {
  const { t } = useTranslation('jobs')
  const count = useJobCount(action)
  useReturnFocus()
  const lane = action.priority ? t(`lane.${action.priority}`, { ns: 'app' }) : ''
  const matched = count.data?.matched_jobs ?? 0
  const values = { number: formatNumber(matched), count: matched, lane }
  return (
    <Modal
      opened
      onClose={onClose}
      title={t(`bulk.${action.action}Title`, { lane })}
      closeButtonProps={{ 'aria-label': t('actions.close', { ns: 'app' }) }}
    >
      <Stack>
        {count.error ? (
          <Failed error={count.error} onRetry={() => void count.refetch()} />
        ) : (
          <Stack gap={4} aria-live="polite" mih={48}>
            <Text className="figures">
              {count.isPending ? t('bulk.counting') : t(`bulk.${action.action}Text`, values)}
            </Text>
            {count.data && count.data.skipped_jobs > 0 && (
              <Text size="sm" c="dimmed" className="figures">
                {t('bulk.skipped', { number: formatNumber(count.data.skipped_jobs) })}
              </Text>
            )}
            {done !== null && (
              <Text size="sm" className="figures">
                {t('bulk.progress', { done: formatNumber(done), number: formatNumber(matched) })}
              </Text>
            )}
          </Stack>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('actions.back', { ns: 'app' })}
          </Button>
          <Button
            color={action.action === 'cancel' ? 'red.9' : undefined}
            disabled={matched === 0}
            loading={done !== null}
            onClick={onConfirm}
          >
            {t(`bulk.${action.action}Confirm`, values)}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

/** How many jobs an action would change, as the database counts now. */
export function useJobCount(action: JobsAction) {
  return useQuery({
    queryKey: ['job-count', action],
    queryFn: () => countJobs(action),
    staleTime: 0,
    gcTime: 0,
  })
}
