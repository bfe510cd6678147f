/** How the videos are to be: for every topic that does not say otherwise. */

import { Autocomplete, NumberInput, Select, SimpleGrid, TextInput } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Section } from '@/components/section'
import type { Look } from './draft'
import { StylePicker } from './style-picker'
import { VoiceField } from './voice-field'

const SCRIPT_TYPES = ['explainer', 'tutorial', 'story', 'demo', 'testimonial'] as const
/** Languages that are written without a provider; others may be typed. */
const LANGUAGES = ['en', 'de', 'es', 'fr', 'pt']

interface LookSectionProps {
  readonly settings: Look
  /** What holds of a field where the form says nothing, in words. */
  readonly unsaid: (field: keyof Look) => string
  /** BCP 47 tag of what is spoken where the form says nothing. */
  readonly language: string
  readonly errors: ReadonlyMap<string, ReactNode>
  readonly onChange: (settings: Partial<Look>) => void
}

export function LookSection({ settings, unsaid, language, errors, onChange }: LookSectionProps) {
  const { t, i18n } = useTranslation('batch-create')
  const names = new Intl.DisplayNames(i18n.language, { type: 'language' })
  return (
    <Section title={t('look.title')} description={t('look.text')}>
      <SimpleGrid cols={{ base: 1, xs: 2, lg: 3 }} spacing="md" verticalSpacing="md">
        <NumberInput
          label={t('field.duration_s')}
          description={t('look.duration')}
          placeholder={unsaid('duration_s')}
          suffix=" s"
          min={5}
          max={600}
          allowDecimal={false}
          clampBehavior="none"
          error={errors.get('duration_s')}
          value={settings.duration_s ?? ''}
          onChange={(value) => onChange({ duration_s: value === '' ? null : Number(value) })}
        />
        <Autocomplete
          label={t('field.language')}
          description={t('look.language')}
          placeholder={unsaid('language')}
          data={LANGUAGES}
          renderOption={({ option }) => `${names.of(option.value)} (${option.value})`}
          error={errors.get('language')}
          value={settings.language}
          onChange={(tag) => onChange({ language: tag })}
        />
        <Select
          label={t('field.script_type')}
          description={t('look.scriptType')}
          placeholder={unsaid('script_type')}
          clearable
          data={SCRIPT_TYPES.map((value) => ({ value, label: t(`scriptType.${value}`) }))}
          error={errors.get('script_type')}
          value={settings.script_type}
          onChange={(type) => onChange({ script_type: type as Look['script_type'] })}
        />
        <TextInput
          label={t('field.audience')}
          description={t('look.audience')}
          placeholder={unsaid('audience')}
          maxLength={500}
          error={errors.get('audience')}
          value={settings.audience}
          onChange={(event) => onChange({ audience: event.currentTarget.value })}
        />
        <VoiceField
          language={settings.language || language}
          value={settings.voice}
          placeholder={unsaid('voice')}
          error={errors.get('voice')}
          onChange={(voice) => onChange({ voice })}
        />
      </SimpleGrid>
      <StylePicker value={settings.tone} automatic={unsaid('tone')} onChange={(tone) => onChange({ tone })} />
    </Section>
  )
}
