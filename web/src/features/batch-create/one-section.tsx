import { Stack, Textarea, TextInput } from '@mantine/core'
import { type ReactNode, type RefObject, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { Section } from '@/components/section'
import type { Settings } from './draft'
import type { TopicField } from './topic-text'

interface OneSectionProps {
  readonly project: ReactNode
  readonly settings: Settings
  readonly error?: string
  readonly field: RefObject<TopicField | null>
  readonly onChange: (settings: Partial<Settings>) => void
}

/** What one video is about. */
export function OneSection({ project, settings, error, field, onChange }: OneSectionProps) {
  const { t } = useTranslation('batch-create')
  const input = useRef<HTMLInputElement>(null)
  field.current = { jump: () => input.current?.focus() }
  return (
    <Section title={t('one.title')}>
      <Stack gap="md">
        <TextInput
          ref={input}
          label={t('field.topic')}
          placeholder={t('one.example')}
          size="md"
          required
          maxLength={500}
          error={error}
          value={settings.oneTopic}
          onChange={(event) => onChange({ oneTopic: event.currentTarget.value })}
        />
        <Textarea
          label={t('field.brief')}
          description={t('one.briefHint')}
          autosize
          minRows={2}
          maxRows={12}
          maxLength={50_000}
          value={settings.brief}
          onChange={(event) => onChange({ brief: event.currentTarget.value })}
        />
        {project}
      </Stack>
    </Section>
  )
}
