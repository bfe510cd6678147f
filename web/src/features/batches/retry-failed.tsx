import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { actOnJobs, type JobsAction, type JobTarget } from '@/features/jobs/commands'
import { RetryDialog } from '@/features/jobs/retry-dialog'
import { formatNumber } from '@/lib/format'
import { say, sayError } from '@/lib/say'

/** Retry of all that failed in a batch. */
export function RetryFailed({
  batchId,
  onClose,
}: {
  readonly batchId: string
  readonly onClose: () => void
}) {
  const { t } = useTranslation('jobs')
  const client = useQueryClient()
  const target: JobTarget = { filter: { batch_id: batchId, status: ['failed'] } }
  const retry = useMutation({
    mutationFn: (action: JobsAction) => actOnJobs(action),
    onSuccess: ({ changed }) => {
      say(t('bulk.done', { count: changed, number: formatNumber(changed) }))
      void client.invalidateQueries({ queryKey: ['batches'] })
      onClose()
    },
    onError: sayError,
  })
  return (
    <RetryDialog
      target={target}
      isPending={retry.isPending}
      onCancel={onClose}
      onConfirmRetry={({ stage }) => retry.mutate({ action: 'retry', stage, ...target })}
    />
  )
}
