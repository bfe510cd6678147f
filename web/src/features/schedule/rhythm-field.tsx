import { Chip, Group, NativeSelect, NumberInput, Stack, Text, TextInput } from '@mantine/core'
import { useId } from 'react'
import { useTranslation } from 'react-i18next'
import { readerLanguage } from '@/lib/format'
import { cronOf, type Rhythm } from './cron'

interface RhythmFieldProps {
  readonly value: Rhythm
  readonly onChange: (rhythm: Rhythm) => void
}

const KINDS = ['daily', 'weekly', 'monthly', 'hourly', 'custom'] as const

/** How often: the usual things in words, all others as a line of cron. */
export function RhythmField({ value, onChange }: RhythmFieldProps) {
  const { t } = useTranslation('schedule')
  const weekdayLabel = useId()
  const time = 'time' in value ? value.time : '09:00'
  const choose = (kind: string) => {
    const next: Record<string, Rhythm> = {
      hourly: { kind: 'hourly', minute: 0 },
      daily: { kind: 'daily', time },
      weekly: { kind: 'weekly', time, weekdays: [1, 2, 3, 4, 5] },
      monthly: { kind: 'monthly', time, day: 1 },
      custom: { kind: 'custom', cron: cronOf(value) },
    }
    const chosen = next[kind]
    if (chosen) onChange(chosen)
  }
  // The first of January 2024 was a Monday.
  const weekday = new Intl.DateTimeFormat(readerLanguage(), { weekday: 'short' })
  return (
    <Stack gap="sm">
      <Group align="flex-end" gap="sm">
        <NativeSelect
          label={t('rhythm.label')}
          data={KINDS.map((kind) => ({ value: kind, label: t(`rhythm.${kind}`) }))}
          value={value.kind}
          onChange={(event) => choose(event.currentTarget.value)}
        />
        {'time' in value && (
          <TextInput
            type="time"
            label={t('rhythm.time')}
            required
            withAsterisk={false}
            value={value.time}
            onChange={(event) => onChange({ ...value, time: event.currentTarget.value })}
          />
        )}
        {value.kind === 'hourly' && (
          <NumberInput
            label={t('rhythm.minute')}
            min={0}
            max={59}
            clampBehavior="strict"
            allowDecimal={false}
            w={130}
            value={value.minute}
            onChange={(minute) => onChange({ kind: 'hourly', minute: Number(minute) || 0 })}
          />
        )}
        {value.kind === 'monthly' && (
          <NumberInput
            label={t('rhythm.day')}
            min={1}
            max={31}
            clampBehavior="strict"
            allowDecimal={false}
            w={130}
            value={value.day}
            onChange={(day) => onChange({ ...value, day: Number(day) || 1 })}
          />
        )}
        {value.kind === 'custom' && (
          <TextInput
            label={t('rhythm.cron')}
            description={t('rhythm.cronHint')}
            required
            withAsterisk={false}
            flex={1}
            maxLength={200}
            value={value.cron}
            onChange={(event) => onChange({ kind: 'custom', cron: event.currentTarget.value })}
          />
        )}
      </Group>
      {value.kind === 'weekly' && (
        <Stack gap={4}>
          <Text size="sm" fw={500} id={weekdayLabel}>
            {t('rhythm.weekdays')}
          </Text>
          <Chip.Group
            multiple
            value={value.weekdays.map(String)}
            onChange={(days) => days.length > 0 && onChange({ ...value, weekdays: days.map(Number) })}
          >
            <Group gap={6} role="group" aria-labelledby={weekdayLabel}>
              {[1, 2, 3, 4, 5, 6, 7].map((day) => (
                <Chip key={day} value={String(day)} size="sm">
                  {weekday.format(new Date(2024, 0, day))}
                </Chip>
              ))}
            </Group>
          </Chip.Group>
        </Stack>
      )}
    </Stack>
  )
}
