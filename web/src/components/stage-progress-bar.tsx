/** Progress of each stage, one bar beside the other; a stage opens to its details. */

import { Collapse, Group, SimpleGrid, Text, UnstyledButton } from '@mantine/core'
import { IconChevronDown } from '@tabler/icons-react'
import { type ReactNode, useId } from 'react'
import { useTranslation } from 'react-i18next'
import type { Schemas } from '@/lib/api'
import { formatNumber, formatPercent } from '@/lib/format'
import classes from './stage-progress-bar.module.css'
import { STATUS_LOOK } from './status'

type Stage = Schemas['Stage']
type StageProgress = Schemas['StageProgress']

interface StageProgressBarProps {
  readonly stages: readonly Stage[]
  readonly progressMap: Partial<Record<Stage, StageProgress>>
  /** The stage whose details are shown. */
  readonly expanded?: Stage | null
  /** Called with a stage to open it, with null to close the one that is open. */
  readonly onExpandDetails?: (stage: Stage | null) => void
  readonly renderDetails?: (stage: Stage) => ReactNode
}

export function StageProgressBar(props: StageProgressBarProps) {
  const { stages, progressMap, expanded = null, onExpandDetails, renderDetails } = props
  const detailsId = useId()
  return (
    <div>
      <SimpleGrid cols={{ base: 1, xs: stages.length }} spacing={{ base: 2, xs: 'lg' }}>
        {stages.map((stage) => (
          <StageBar
            key={stage}
            stage={stage}
            progress={progressMap[stage]}
            isExpanded={expanded === stage}
            detailsId={detailsId}
            onToggle={onExpandDetails && (() => onExpandDetails(expanded === stage ? null : stage))}
          />
        ))}
      </SimpleGrid>
      {renderDetails && (
        <Collapse expanded={expanded !== null} id={detailsId}>
          <div className={classes.details}>{expanded && renderDetails(expanded)}</div>
        </Collapse>
      )}
    </div>
  )
}

interface StageBarProps {
  readonly stage: Stage
  readonly progress: StageProgress | undefined
  readonly isExpanded: boolean
  readonly detailsId: string
  readonly onToggle?: () => void
}

function StageBar({ stage, progress, isExpanded, detailsId, onToggle }: StageBarProps) {
  const { t } = useTranslation()
  const label = t(`stage.${stage}`)
  const status = progress?.status ?? 'blocked'
  const percent = progress?.progress ?? 0
  const failedPercent = Math.min(
    ((progress?.failed ?? 0) / Math.max(1, progress?.total ?? 0)) * 100,
    100 - percent,
  )
  const { icon: IconOf } = STATUS_LOOK[status]
  const counts = progress?.total
    ? t('stages.counts', { completed: formatNumber(progress.completed), total: formatNumber(progress.total) })
    : t('stages.none')
  const failed = progress && progress.failed > 0 ? t('stages.failed', { count: progress.failed }) : ''
  const body = (
    <>
      <Group gap={6} wrap="nowrap" miw={0} className={classes.name}>
        <IconOf size={15} aria-hidden className={classes[status]} />
        <Text size="sm" fw={550} truncate>
          {label}
        </Text>
      </Group>
      <Group gap={2} wrap="nowrap" justify="flex-end" className={classes.percent}>
        <Text size="xs" c="dimmed" className="figures">
          {formatPercent(percent / 100)}
        </Text>
        {onToggle && (
          <IconChevronDown size={14} aria-hidden className={classes.chevron} data-open={isExpanded} />
        )}
      </Group>
      <div
        className={classes.track}
        role="progressbar"
        aria-label={label}
        aria-valuenow={percent}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuetext={[t(`status.${status}`), counts, failed].filter(Boolean).join(', ')}
      >
        <div
          className={classes.fill}
          data-status={status === 'failed' ? 'completed' : status}
          style={{ width: `${percent}%` }}
        />
        <div className={classes.fill} data-status="failed" style={{ width: `${failedPercent}%` }} />
      </div>
      <Text size="xs" c="dimmed" className={`figures ${classes.counts}`} data-failed={failed !== ''} truncate>
        {counts}
        {failed && (
          <Text span inherit c="var(--mantine-color-error)">
            {' · '}
            {failed}
          </Text>
        )}
      </Text>
    </>
  )
  if (!onToggle) return <div className={classes.stage}>{body}</div>
  return (
    <UnstyledButton
      className={classes.stage}
      onClick={onToggle}
      aria-expanded={isExpanded}
      aria-controls={detailsId}
      aria-label={t('stages.details', { stage: label })}
    >
      {body}
    </UnstyledButton>
  )
}
