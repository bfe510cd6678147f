/** What may be other in the next try of a job. */

import { Button, Collapse, Select, SimpleGrid, Stack, Textarea, TextInput } from '@mantine/core'
import { IconChevronDown } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import type { Schemas } from '@/lib/api'
import { voicesQuery } from './queries'

export type Tone = Schemas['Tone']
const EVERY_TONE: Record<Tone, true> = {
  professional: true,
  casual: true,
  educational: true,
  entertaining: true,
  motivational: true,
}
export const TONES = Object.keys(EVERY_TONE) as Tone[]

interface Values {
  readonly voice: string
  readonly language: string
  readonly tone: Tone | null
  readonly brief: string
}

export const NO_CHANGES: Values = { voice: '', language: '', tone: null, brief: '' }

/** The changes as the API takes them; null where there are none. */
export function changesOf({ voice, language, tone, brief }: Values): Schemas['JobChanges'] | null {
  const changes: Schemas['JobChanges'] = {}
  if (voice.trim()) changes.voice = voice.trim()
  if (language.trim()) changes.language = language.trim()
  if (tone) changes.tone = tone
  if (brief.trim()) changes.brief = brief.trim()
  return Object.keys(changes).length > 0 ? changes : null
}

interface RetryChangesProps {
  readonly values: Values
  readonly onChange: (values: Values) => void
}

export function RetryChanges({ values, onChange }: RetryChangesProps) {
  const { t } = useTranslation('jobs')
  const [isOpen, setOpen] = useState(false)
  const id = useId()
  const { data, error, refetch } = useQuery({ ...voicesQuery, enabled: isOpen })
  const voices = [...new Map(data?.items.map((each) => [each.voice, each.label]))].map(([value, label]) => ({
    value,
    label,
  }))
  return (
    <div>
      <Button
        variant="subtle"
        size="compact-sm"
        aria-expanded={isOpen}
        aria-controls={id}
        rightSection={<IconChevronDown size={14} aria-hidden />}
        onClick={() => setOpen(!isOpen)}
      >
        {t('retry.change')}
      </Button>
      <Collapse expanded={isOpen} id={id}>
        <Stack gap="sm" mt="xs">
          {error && <Failed error={error} onRetry={() => void refetch()} />}
          <SimpleGrid cols={{ base: 1, xs: 3 }} spacing="sm">
            <Select
              label={t('retry.voice')}
              searchable
              clearable
              clearButtonProps={{ 'aria-label': t('filters.clear', { ns: 'app' }) }}
              data={voices}
              value={values.voice || null}
              onChange={(voice) => onChange({ ...values, voice: voice ?? '' })}
            />
            <TextInput
              label={t('retry.language')}
              placeholder="en"
              maxLength={20}
              value={values.language}
              onChange={(event) => onChange({ ...values, language: event.currentTarget.value })}
            />
            <Select
              label={t('retry.tone')}
              clearable
              clearButtonProps={{ 'aria-label': t('filters.clear', { ns: 'app' }) }}
              data={TONES.map((value) => ({ value, label: t(`tone.${value}`, { ns: 'app' }) }))}
              value={values.tone}
              onChange={(tone) => onChange({ ...values, tone })}
            />
          </SimpleGrid>
          <Textarea
            label={t('retry.brief')}
            description={t('retry.briefHint')}
            autosize
            minRows={3}
            maxRows={10}
            maxLength={50_000}
            value={values.brief}
            onChange={(event) => onChange({ ...values, brief: event.currentTarget.value })}
          />
        </Stack>
      </Collapse>
    </div>
  )
}
