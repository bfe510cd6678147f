/** When it runs, how fast, and what it may cost. */

import { Select, SimpleGrid, Stack, TextInput } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Section } from '@/components/section'
import type { Mode, Settings } from './draft'
import { asLocal } from './request'
import { BudgetField, CapField, LaneField } from './run-fields'

interface RunSectionProps {
  readonly mode: Mode
  readonly settings: Settings
  readonly errors: ReadonlyMap<string, ReactNode>
  readonly currency: string
  readonly onChange: (settings: Partial<Settings>) => void
}

export function RunSection({ mode, settings, errors, currency, onChange }: RunSectionProps) {
  const { t } = useTranslation('batch-create')
  const now = asLocal(new Date())
  return (
    <Section title={t('run.title')}>
      <Stack gap="md">
        <LaneField
          value={settings.priority}
          error={errors.get('priority')}
          onChange={(priority) => onChange({ priority })}
        />
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
            <CapField
              value={settings.max_concurrent_tasks}
              error={errors.get('max_concurrent_tasks')}
              onChange={(cap) => onChange({ max_concurrent_tasks: cap })}
            />
          )}
          <BudgetField
            currency={currency}
            value={settings.budget}
            error={errors.get('budget')}
            onChange={(budget) => onChange({ budget })}
          />
        </SimpleGrid>
      </Stack>
    </Section>
  )
}
