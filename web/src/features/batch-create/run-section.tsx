/** When it runs, how fast, and what it may cost. */

import { NumberInput, SegmentedControl, Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core'
import { useId } from 'react'
import { useTranslation } from 'react-i18next'
import { Section } from '@/components/section'
import type { Lane, Mode, Settings } from './draft'
import { asLocal } from './request'

interface RunSectionProps {
  readonly mode: Mode
  readonly settings: Settings
  readonly errors: ReadonlyMap<string, string>
  readonly currency: string
  readonly onChange: (settings: Partial<Settings>) => void
}

export function RunSection({ mode, settings, errors, currency, onChange }: RunSectionProps) {
  const { t } = useTranslation('batch-create')
  const { t: shared } = useTranslation()
  const now = asLocal(new Date())
  const laneLabel = useId()
  return (
    <Section title={t('run.title')}>
      <Stack gap="md">
        <Stack gap={4}>
          <Text size="sm" fw={500} id={laneLabel}>
            {t('field.priority')}
          </Text>
          <SegmentedControl
            aria-labelledby={laneLabel}
            style={{ alignSelf: 'start' }}
            data={(['standard', 'premium', 'urgent'] as const).map((value) => ({
              value,
              label: shared(`lane.${value}`),
            }))}
            value={settings.priority}
            onChange={(priority) => onChange({ priority: priority as Lane })}
          />
          {errors.get('priority') && (
            <Text size="xs" c="var(--mantine-color-error)">
              {errors.get('priority')}
            </Text>
          )}
        </Stack>
        <SimpleGrid cols={{ base: 1, xs: 2, lg: 3 }} spacing="md" verticalSpacing="md">
          <TextInput
            type="datetime-local"
            label={t('field.starts_at')}
            description={t('run.startsAt')}
            min={now}
            error={errors.get('starts_at')}
            value={settings.starts_at}
            onChange={(event) => onChange({ starts_at: event.currentTarget.value })}
          />
          <TextInput
            type="datetime-local"
            label={t('field.deadline')}
            description={t('run.deadline')}
            min={settings.starts_at || now}
            error={errors.get('deadline')}
            value={settings.deadline}
            onChange={(event) => onChange({ deadline: event.currentTarget.value })}
          />
          {settings.deadline && (
            <Select
              label={t('run.onDeadline')}
              description={t('run.onDeadlineHint')}
              allowDeselect={false}
              data={(['cancel', 'warn'] as const).map((value) => ({ value, label: t(`run.${value}`) }))}
              value={settings.on_deadline}
              onChange={(value) => onChange({ on_deadline: value === 'warn' ? 'warn' : 'cancel' })}
            />
          )}
          {mode === 'many' && (
            <NumberInput
              label={t('field.max_concurrent_tasks')}
              description={t('run.cap')}
              placeholder={t('run.noLimit')}
              min={1}
              max={999_999}
              allowDecimal={false}
              error={errors.get('max_concurrent_tasks')}
              value={settings.max_concurrent_tasks ?? ''}
              onChange={(value) => onChange({ max_concurrent_tasks: value === '' ? null : Number(value) })}
            />
          )}
          <NumberInput
            label={t('field.budget')}
            description={t('run.budget')}
            placeholder={t('run.noLimit')}
            suffix={` ${currency}`}
            min={0}
            decimalScale={2}
            error={errors.get('budget')}
            value={settings.budget ?? ''}
            onChange={(value) => onChange({ budget: value === '' ? null : Number(value) })}
          />
        </SimpleGrid>
      </Stack>
    </Section>
  )
}
