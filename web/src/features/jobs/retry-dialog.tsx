/** Do a job, or many, again: from which stage, what is reused, how many are affected, with another voice or text. */

import { Alert, Button, Group, Modal, Radio, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Failure } from '@/components/error-texts'
import { Failed } from '@/components/failed'
import { FailureAlert } from '@/components/failure-alert'
import { formatNumber } from '@/lib/format'
import { useRow } from '@/lib/rows'
import { useReturnFocus } from '@/lib/use-return-focus'
import { useJobCount } from './bulk-dialog'
import type { JobTarget, Retry } from './commands'
import { changesOf, NO_CHANGES, RetryChanges } from './retry-changes'
import { STAGES, type Stage } from './stages'

interface RetryDialogProps {
  /** The one job; absent: those of `target`. */
  readonly jobId?: string
  readonly target?: JobTarget
  /** What went wrong the last time. */
  readonly failure?: Failure
  readonly isPending?: boolean
  readonly onConfirmRetry: (what: Retry) => void
  readonly onCancel: () => void
}

/** Where a retry begins that keeps all that was finished. */
const FAILED_ONLY = 'failed'

export function RetryDialog(props: RetryDialogProps) {
  const { jobId, target = { job_ids: jobId ? [jobId] : [] }, failure } = props
  const { isPending, onConfirmRetry, onCancel } = props
  useReturnFocus()
  const { t } = useTranslation('jobs')
  const isDone = useRow('jobs', jobId ?? '')?.status === 'completed'
  // Of a video that is done, nothing failed.
  const begins = isDone ? STAGES : ([FAILED_ONLY, ...STAGES] as const)
  const [from, setFrom] = useState<Stage | typeof FAILED_ONLY>(begins[0])
  const [changes, setChanges] = useState(NO_CHANGES)
  const stage = from === FAILED_ONLY ? undefined : from
  const changed = changesOf(changes)
  const impact = useJobCount({ action: 'retry', stage, ...target })
  const isUseless = !changed && impact.data?.matched_jobs === 0
  return (
    <Modal
      opened
      onClose={onCancel}
      size="lg"
      title={t(jobId ? 'retry.title' : 'retry.titleMany')}
      closeButtonProps={{ 'aria-label': t('actions.close', { ns: 'app' }) }}
    >
      <Stack>
        {failure?.error_message && <FailureAlert failure={failure} />}
        {!changed && (
          <Radio.Group
            label={t('retry.from')}
            value={from}
            onChange={(value) => setFrom(value as Stage | typeof FAILED_ONLY)}
          >
            <Stack gap={8} mt={8}>
              {begins.map((each) => (
                <Radio
                  key={each}
                  value={each}
                  label={each === FAILED_ONLY ? t('retry.failedOnly') : t(`stage.${each}`, { ns: 'app' })}
                  description={t(`retry.kept.${each}`)}
                />
              ))}
            </Stack>
          </Radio.Group>
        )}
        {jobId && <RetryChanges values={changes} onChange={setChanges} />}
        {impact.error ? (
          <Failed error={impact.error} onRetry={() => void impact.refetch()} />
        ) : (
          <Impact isMany={!jobId} isChanged={Boolean(changed)} count={impact.data} />
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onCancel}>
            {t('actions.back', { ns: 'app' })}
          </Button>
          <Button
            loading={isPending}
            disabled={isUseless}
            onClick={() => onConfirmRetry(changed ? { changes: changed } : { stage })}
          >
            {t('control.retry', { ns: 'app' })}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

interface ImpactProps {
  readonly isMany: boolean
  readonly isChanged: boolean
  readonly count: ReturnType<typeof useJobCount>['data']
}

function Impact({ isMany, isChanged, count }: ImpactProps) {
  const { t } = useTranslation('jobs')
  const number = formatNumber
  let text = t('bulk.counting')
  if (isChanged) text = t('retry.changedImpact')
  else if (count?.matched_jobs === 0) text = t(isMany ? 'retry.nothingMany' : 'retry.nothing')
  else if (count) {
    const values = { redone: number(count.redone_tasks ?? 0), kept: number(count.kept_tasks ?? 0) }
    text = isMany
      ? t('retry.impactMany', { ...values, number: number(count.matched_jobs), count: count.matched_jobs })
      : t('retry.impact', values)
  }
  return (
    <Alert color="gray" aria-live="polite" mih={58}>
      <Text size="sm" className="figures">
        {text}
        {isMany && count && count.skipped_jobs > 0 && (
          <> {t('bulk.skipped', { number: number(count.skipped_jobs) })}</>
        )}
      </Text>
    </Alert>
  )
}
