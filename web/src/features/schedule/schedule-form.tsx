import {
  Autocomplete,
  Button,
  Group,
  List,
  Modal,
  NativeSelect,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { PlatformPicker } from '@/components/platform-picker'
import { ProjectChoice } from '@/components/project-choice'
import { platformsLastUsed } from '@/features/batch-create/kept-draft'
import { readerLanguage } from '@/lib/format'
import { say } from '@/lib/say'
import { cronOf, type Rhythm, rhythmOf } from './cron'
import { RhythmField } from './rhythm-field'
import { platformsOf, topicLines, topicsOf } from './schedule-topics'
import {
  changeSchedule,
  createSchedule,
  localZone,
  previewQuery,
  type Schedule,
  useScheduleChange,
} from './schedules'

interface ScheduleFormProps {
  /** To be changed; null for a new one. */
  readonly schedule: Schedule | null
  /** When a new one is to run first, as far as that goes. */
  readonly at?: Date
  readonly onClose: () => void
}

const MISFIRES = ['run_once', 'run_all', 'skip'] as const

export function ScheduleForm({ schedule, at, onClose }: ScheduleFormProps) {
  const { t } = useTranslation('schedule')
  const { t: common } = useTranslation()
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
  const [projectId, setProjectId] = useState(schedule?.project_id ?? null)
  const [name, setName] = useState(schedule?.name ?? '')
  const [rhythm, setRhythm] = useState<Rhythm>(schedule ? rhythmOf(schedule.cron) : firstRhythm(at))
  const [zone, setZone] = useState(schedule?.time_zone ?? localZone())
  const [lines, setLines] = useState(topicLines(schedule?.topics ?? []))
  const [platforms, setPlatforms] = useState(platformsOf(schedule?.topics ?? []) ?? platformsLastUsed())
  const [misfire, setMisfire] = useState<Schedule['misfire']>(schedule?.misfire ?? 'run_once')
  const [wasTried, setWasTried] = useState(false)
  const save = useScheduleChange(() => {
    const body = {
      name: name.trim(),
      cron: cronOf(rhythm),
      time_zone: zone,
      misfire,
      topics: topicsOf(lines, platforms, schedule?.topics ?? []),
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
          error={missing(!lines.trim())}
          value={lines}
          onChange={(event) => setLines(event.currentTarget.value)}
        />
        <PlatformPicker
          label={t('form.platforms')}
          error={missing(platforms.length === 0)}
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

/** When it would run, by its own clocks: what the database makes of it. */
function NextRuns({ cron, zone }: { readonly cron: string; readonly zone: string }) {
  const { t } = useTranslation('schedule')
  const [[wantedCron, wantedZone]] = useDebouncedValue([cron, zone] as const, 400)
  const { data, error } = useQuery({ ...previewQuery(wantedCron, wantedZone), enabled: wantedCron !== '' })
  if (error) return <Failed error={error} />
  const format = timeIn(readerLanguage(), wantedZone)
  return (
    <div aria-live="polite">
      <Text size="sm" fw={500}>
        {t('form.next')}
      </Text>
      <List size="sm" c="dimmed" mih={112}>
        {data?.map((each) => (
          <List.Item key={each}>{format(each)}</List.Item>
        ))}
      </List>
    </div>
  )
}

function timeIn(language: string, timeZone: string): (iso: string) => string {
  const isKnown = Intl.supportedValuesOf('timeZone').includes(timeZone) || timeZone === 'UTC'
  const format = new Intl.DateTimeFormat(language, {
    weekday: 'short',
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    timeZoneName: 'short',
    ...(isKnown ? { timeZone } : {}),
  })
  return (iso) => format.format(new Date(iso))
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
