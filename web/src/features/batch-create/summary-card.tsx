import { Alert, Button, Card, Divider, Group, Loader, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { Hint } from '@/components/hint'
import type { Stage } from '@/features/jobs/stages'
import { formatDuration, formatMoney, formatNumber } from '@/lib/format'
import type { Check } from './check'
import { LAST_STAGE, type Mode } from './draft'

interface SummaryCardProps {
  readonly mode: Mode
  /** Topics that are there, right or wrong. */
  readonly count: number
  readonly platformCount: number
  /** That videos go through by themselves. */
  readonly lastStage: Stage
  readonly check: Check | undefined
  readonly isChecking: boolean
  readonly error: Error | null
  readonly problemCount: number
  /** Topics that have problems. */
  readonly wrongCount: number
  readonly isSending: boolean
  readonly onCheckAgain: () => void
}

/** What would be made, and what it takes; the button that makes it. */
export function SummaryCard(props: SummaryCardProps) {
  const { t } = useTranslation('batch-create')
  const { t: shared } = useTranslation()
  const {
    mode,
    count,
    platformCount,
    lastStage,
    check,
    isChecking,
    error,
    problemCount,
    wrongCount,
    isSending,
    onCheckAgain,
  } = props
  const good = Math.max(0, count - wrongCount)
  return (
    // Explanations may be wider than it.
    <Card padding="lg" component="section" aria-label={t('summary.title')} style={{ overflow: 'visible' }}>
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h4">
            {t('summary.title')}
          </Title>
          {isChecking && <Loader size="xs" type="dots" aria-label={t('summary.checking')} />}
        </Group>
        <Stack gap={6} aria-live="polite" aria-busy={isChecking}>
          <Figure label={t('summary.videos')} value={formatNumber(good)} />
          <Figure label={t('summary.platforms')} value={formatNumber(platformCount)} />
          {lastStage !== LAST_STAGE && (
            <Figure
              label={t('summary.waits')}
              value={t('summary.waitsAfter', { stage: shared(`stage.${lastStage}`) })}
            />
          )}
          <Figure
            label={t('summary.time')}
            value={timeOf(check, count, t('summary.noWorker'))}
            hint={count > 0 ? check?.basis : undefined}
          />
          <Figure
            label={t('summary.cost')}
            value={costOf(check, count, t)}
            hint={count > 0 ? check?.cost.basis : undefined}
          />
        </Stack>
        {error && <Failed error={error} onRetry={onCheckAgain} />}
        <Divider />
        {problemCount > 0 && (
          <Alert color="red" p="xs">
            <Text size="sm">
              {t('summary.problems', { count: problemCount, shown: formatNumber(problemCount) })}
            </Text>
          </Alert>
        )}
        <Button type="submit" size="md" px="xs" loading={isSending}>
          {mode === 'one'
            ? t('summary.createOne')
            : t('summary.create', { count: good, shown: formatNumber(good) })}
        </Button>
        <Text size="xs" c="dimmed">
          {mode === 'one' ? t('summary.nextOne') : t('summary.next')}
        </Text>
      </Stack>
    </Card>
  )
}

interface FigureProps {
  readonly label: string
  /** Undefined while it is not known. */
  readonly value: string | undefined
  readonly hint?: string
}

function Figure({ label, value, hint }: FigureProps) {
  const shown = (
    <Text size="sm" fw={600} className="figures" ta="end" td={hint ? 'underline dotted' : undefined}>
      {value}
    </Text>
  )
  return (
    <Group justify="space-between" wrap="nowrap" gap="md">
      <Text size="sm" c="dimmed">
        {label}
      </Text>
      {value === undefined ? <Skeleton h={18} w={72} /> : hint ? <Hint text={hint}>{shown}</Hint> : shown}
    </Group>
  )
}

function timeOf(check: Check | undefined, count: number, noWorker: string): string | undefined {
  if (count === 0 || check?.jobCount === 0) return '–'
  if (!check) return undefined
  return check.seconds === null ? noWorker : `≈ ${formatDuration(check.seconds * 1000)}`
}

function costOf(check: Check | undefined, count: number, t: (key: string) => string): string | undefined {
  if (count === 0 || check?.jobCount === 0) return '–'
  if (!check) return undefined
  const { amount, currency } = check.cost
  if (amount === null || currency === null) return t('summary.costUnknown')
  return amount === 0 ? t('summary.free') : `≈ ${formatMoney(amount, currency)}`
}
