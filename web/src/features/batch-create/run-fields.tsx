/** How urgent videos are, how many steps of them run at once, and what they may cost. */

import { NumberInput, SegmentedControl, Stack, Text } from '@mantine/core'
import { type ReactNode, useId } from 'react'
import { useTranslation } from 'react-i18next'
import type { Lane } from './draft'

interface LaneFieldProps {
  /** Null: they differ. */
  readonly value: Lane | null
  readonly error?: ReactNode
  readonly onChange: (lane: Lane) => void
}

export function LaneField({ value, error, onChange }: LaneFieldProps) {
  const { t } = useTranslation('batch-create')
  const { t: shared } = useTranslation()
  const label = useId()
  return (
    <Stack gap={4}>
      <Text size="sm" fw={500} id={label}>
        {t('field.priority')}
      </Text>
      <SegmentedControl
        aria-labelledby={label}
        style={{ alignSelf: 'start' }}
        data={(['standard', 'premium', 'urgent'] as const).map((lane) => ({
          value: lane,
          label: shared(`lane.${lane}`),
        }))}
        value={value ?? ''}
        onChange={(lane) => onChange(lane as Lane)}
      />
      {error && (
        <Text size="xs" c="var(--mantine-color-error)">
          {error}
        </Text>
      )}
    </Stack>
  )
}

interface LimitFieldProps {
  readonly value: number | null
  readonly error?: ReactNode
  readonly onChange: (value: number | null) => void
}

export function CapField({ value, error, onChange }: LimitFieldProps) {
  const { t } = useTranslation('batch-create')
  return (
    <NumberInput
      label={t('field.max_concurrent_tasks')}
      description={t('run.cap')}
      placeholder={t('run.noLimit')}
      min={1}
      max={999_999}
      allowDecimal={false}
      error={error}
      value={value ?? ''}
      onChange={(next) => onChange(next === '' ? null : Number(next))}
    />
  )
}

export function BudgetField({
  currency,
  value,
  error,
  onChange,
}: LimitFieldProps & { readonly currency: string }) {
  const { t } = useTranslation('batch-create')
  return (
    <NumberInput
      label={t('field.budget')}
      description={t('run.budget')}
      placeholder={t('run.noLimit')}
      suffix={` ${currency}`}
      min={0}
      decimalScale={2}
      error={error}
      value={value ?? ''}
      onChange={(next) => onChange(next === '' ? null : Number(next))}
    />
  )
}
