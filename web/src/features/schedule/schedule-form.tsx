import { Autocomplete, Button, Group, Modal, NativeSelect, Stack, Textarea, TextInput } from '@mantine/core'
import { IconAdjustments } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { fieldRefusals } from '@/components/field-refusal'
import { PlatformPicker } from '@/components/platform-picker'
import { ProjectChoice } from '@/components/project-choice'
import { platformsLastUsed } from '@/features/batch-create/kept-draft'
import { projectChoicesQuery } from '@/lib/project-list'
import { say } from '@/lib/say'
import { useReturnFocus } from '@/lib/use-return-focus'
import { cronOf, type Rhythm, rhythmOf } from './cron'
import { NextRuns } from './next-runs'
import { RhythmField } from './rhythm-field'
import { optionsOf, shownOptions } from './schedule-options'
import { ScheduleOptionsFields } from './schedule-options-fields'
import { changesOf, differingOf, lookOf, platformsOf, topicLines, topicsOf } from './schedule-topics'
import { changeSchedule, createSchedule, localZone, type Schedule, useScheduleChange } from './schedules'

interface ScheduleFormProps {
  /** To be changed; null for a new one. */
  readonly schedule: Schedule | null
  /** When a new one is to run first, as far as that goes. */
  readonly at?: Date
  readonly onClose: () => void
}

const NO_TOPICS: Schedule['topics'] = []
const MISFIRES = ['run_once', 'run_all', 'skip'] as const

export function ScheduleForm({ schedule, at, onClose }: ScheduleFormProps) {
  const { t } = useTranslation('schedule')
  const { t: common } = useTranslation()
  useReturnFocus()
  return (
    <Modal
      opened
      onClose={onClose}
      size="xl"
      title={schedule ? t('form.edit') : t('form.new')}
      closeButtonProps={{ 'aria-label': common('actions.close') }}
    >
      <Fields schedule={schedule} at={at} onClose={onClose} />
    </Modal>
  )
}

function Fields({ schedule, at, onClose }: ScheduleFormProps) {
  const { t } = useTranslation('schedule')
  const { t: common } = useTranslation()
  const topics = schedule?.topics ?? NO_TOPICS
  const { data: projects } = useQuery(projectChoicesQuery(useQueryClient(), ''))
  const [chosenProject, setProjectId] = useState(schedule?.project_id ?? null)
  // As where a batch is made: the newest, until another is chosen.
  const projectId = chosenProject ?? projects?.[0] ?? null
  const [name, setName] = useState(schedule?.name ?? '')
  const [rhythm, setRhythm] = useState<Rhythm>(schedule ? rhythmOf(schedule.cron) : firstRhythm(at))
  const [zone, setZone] = useState(schedule?.time_zone ?? localZone())
  const [lines, setLines] = useState(topicLines(topics))
  const [platforms, setPlatforms] = useState(platformsOf(topics) ?? platformsLastUsed())
  const [misfire, setMisfire] = useState<Schedule['misfire']>(schedule?.misfire ?? 'run_once')
  const [look, setLook] = useState(lookOf(topics))
  const [options, setOptions] = useState(shownOptions(schedule?.options ?? {}))
  const [areOptionsOpen, setOptionsOpen] = useState(false)
  const [wasTried, setWasTried] = useState(false)
  const save = useScheduleChange(() => {
    const body = {
      name: name.trim(),
      cron: cronOf(rhythm),
      time_zone: zone,
      misfire,
      topics: topicsOf(lines, platforms, topics, changesOf(lookOf(topics), look)),
      options: optionsOf(options, schedule?.options ?? {}),
    }
    return schedule
      ? changeSchedule(schedule.id, body)
      : createSchedule({ ...body, project_id: projectId ?? '' })
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setWasTried(true)
    if (!projectId || !lines.trim() || platforms.length === 0) return
    save.mutate(undefined, {
      onSuccess: () => {
        say(t('form.saved'))
        onClose()
      },
    })
  }
  const errors = useMemo(() => fieldRefusals(save.error), [save.error])
  const missing = (isMissing: boolean) => (wasTried && isMissing ? t('form.missing') : undefined)
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <Group grow align="flex-start" preventGrowOverflow={false}>
          <TextInput
            label={t('form.name')}
            required
            maxLength={200}
            data-autofocus
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          {!schedule && (
            <ProjectChoice
              label={t('form.project')}
              required
              value={projectId}
              error={missing(!projectId)}
              onChange={setProjectId}
            />
          )}
        </Group>
        <RhythmField value={rhythm} onChange={setRhythm} />
        <Autocomplete
          label={t('form.zone')}
          required
          data={Intl.supportedValuesOf('timeZone')}
          limit={50}
          value={zone}
          onChange={setZone}
        />
        <NextRuns cron={cronOf(rhythm)} zone={zone} />
        <Textarea
          label={t('form.topics')}
          description={t('form.topicsHint')}
          placeholder={t('form.topicsExample')}
          required
          autosize
          minRows={3}
          maxRows={10}
          error={missing(!lines.trim()) ?? errors.get('topic')}
          value={lines}
          onChange={(event) => setLines(event.currentTarget.value)}
        />
        <PlatformPicker
          label={t('form.platforms')}
          error={missing(platforms.length === 0) ?? errors.get('platforms')}
          value={platforms}
          onChange={setPlatforms}
        />
        <NativeSelect
          label={t('form.misfire')}
          description={t('form.misfireHint')}
          data={MISFIRES.map((value) => ({ value, label: t(`misfire.${value}`) }))}
          value={misfire}
          onChange={(event) => setMisfire(event.currentTarget.value as Schedule['misfire'])}
        />
        <Button
          variant="default"
          leftSection={<IconAdjustments size={18} aria-hidden />}
          aria-expanded={areOptionsOpen}
          onClick={() => setOptionsOpen(!areOptionsOpen)}
          style={{ alignSelf: 'start' }}
        >
          {areOptionsOpen ? t('form.less') : t('form.more')}
        </Button>
        {areOptionsOpen && (
          <ScheduleOptionsFields
            look={look}
            options={options}
            differing={differingOf(topics)}
            errors={errors}
            onLook={(next) => setLook({ ...look, ...next })}
            onOptions={(next) => setOptions({ ...options, ...next })}
          />
        )}
        {save.error && <Failed error={save.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {common('actions.cancel')}
          </Button>
          <Button type="submit" loading={save.isPending}>
            {schedule ? common('actions.save') : common('actions.create')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function firstRhythm(at: Date | undefined): Rhythm {
  const two = (value: number) => String(value).padStart(2, '0')
  if (!at) return { kind: 'daily', time: '09:00' }
  return {
    kind: 'weekly',
    time: `${two(at.getHours())}:${two(at.getMinutes())}`,
    weekdays: [at.getDay() || 7],
  }
}
