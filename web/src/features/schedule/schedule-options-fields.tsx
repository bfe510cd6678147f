/** How the videos of a recurring batch are to be, and what the batch may take. */

import { SimpleGrid, Stack, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Section } from '@/components/section'
import { LAST_STAGE } from '@/features/batch-create/draft'
import { LookSection } from '@/features/batch-create/look-section'
import { PauseField } from '@/features/batch-create/pause-field'
import { BudgetField, CapField, LaneField } from '@/features/batch-create/run-fields'
import { pricesQuery } from '@/features/costs/api'
import { ReusePanel } from '@/features/library/reuse-panel'
import type { ShownOptions } from './schedule-options'
import type { SharedLook } from './schedule-topics'

interface ScheduleOptionsFieldsProps {
  readonly look: SharedLook
  readonly options: ShownOptions
  /** Fields in which the topics differ. */
  readonly differing: ReadonlySet<keyof SharedLook>
  readonly errors: ReadonlyMap<string, ReactNode>
  readonly onLook: (look: Partial<SharedLook>) => void
  readonly onOptions: (options: Partial<ShownOptions>) => void
}

export function ScheduleOptionsFields(props: ScheduleOptionsFieldsProps) {
  const { look, options, differing, errors, onLook, onOptions } = props
  const { t } = useTranslation('schedule')
  const { t: create } = useTranslation('batch-create')
  const { data: prices } = useQuery(pricesQuery)
  return (
    <Stack gap="md">
      <LookSection
        settings={look}
        unsaid={(field) => (differing.has(field) ? t('form.differs') : create('look.automatic'))}
        language="en"
        errors={errors}
        onChange={onLook}
      />
      <Section title={create('reuse.title')} description={create('reuse.text')}>
        <ReusePanel value={options.reuse} onChange={(reuse) => onOptions({ reuse })} />
      </Section>
      <Section title={create('pause.title')}>
        <PauseField
          value={options.pause_after ?? LAST_STAGE}
          error={errors.get('pause_after')}
          onChange={(stage) => onOptions({ pause_after: stage })}
        />
      </Section>
      <Section title={t('form.run')}>
        <Stack gap="md">
          <LaneField
            value={look.priority}
            error={errors.get('priority')}
            onChange={(priority) => onLook({ priority })}
          />
          <SimpleGrid cols={{ base: 1, xs: 2, lg: 3 }} spacing="md" verticalSpacing="md">
            <TextInput
              label={t('form.batchTitle')}
              description={t('form.batchTitleHint')}
              maxLength={200}
              error={errors.get('title')}
              value={options.title}
              onChange={(event) => onOptions({ title: event.currentTarget.value })}
            />
            <CapField
              value={options.max_concurrent_tasks}
              error={errors.get('max_concurrent_tasks')}
              onChange={(cap) => onOptions({ max_concurrent_tasks: cap })}
            />
            <BudgetField
              currency={prices?.currency ?? ''}
              value={options.budget}
              error={errors.get('budget')}
              onChange={(budget) => onOptions({ budget })}
            />
          </SimpleGrid>
        </Stack>
      </Section>
    </Stack>
  )
}
