import { Badge, Button, Card, Collapse, Group, Stack, Text, Title } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconPlayerPause, IconRepeat } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { useProjectNames } from '@/components/project-names'
import { formatTime } from '@/lib/format'
import { rhythmOf } from './cron'
import { ScheduleActions } from './schedule-actions'
import { ScheduleRuns } from './schedule-runs'
import { type Schedule, upcomingQuery } from './schedules'
import { useRhythmText } from './use-rhythm-text'

interface ScheduleCardProps {
  readonly schedule: Schedule
  readonly mayChange: boolean
  readonly onEdit: () => void
}

export function ScheduleCard({ schedule, mayChange, onEdit }: ScheduleCardProps) {
  const { t } = useTranslation('schedule')
  const projects = useProjectNames()
  const rhythm = useRhythmText()
  const [areRunsShown, runs] = useDisclosure()
  const { data: upcoming } = useQuery(upcomingQuery(schedule))
  const isPaused = schedule.paused_at !== null
  return (
    <Card padding="lg" component="section" aria-label={schedule.name}>
      <Stack gap="sm">
        <Group justify="space-between" align="flex-start" gap="sm">
          <div>
            <Group gap="xs">
              <Title order={2} size="h4">
                {schedule.name}
              </Title>
              {isPaused && (
                <Badge color="yellow" leftSection={<IconPlayerPause size={12} aria-hidden />}>
                  {t('recurring.paused')}
                </Badge>
              )}
            </Group>
            <Text size="sm" c="dimmed">
              {projects.get(schedule.project_id)} · {t('recurring.topics', { count: schedule.topics.length })}
            </Text>
          </div>
          {mayChange && <ScheduleActions schedule={schedule} onEdit={onEdit} />}
        </Group>
        <Group gap={6} wrap="nowrap" align="flex-start">
          <IconRepeat size={16} aria-hidden style={{ flexShrink: 0, marginTop: 2 }} />
          <Text size="sm">
            {rhythm(rhythmOf(schedule.cron))}, {schedule.time_zone}
          </Text>
        </Group>
        {isPaused && schedule.paused_reason && (
          <Text size="sm" c="var(--mantine-color-error)">
            {schedule.paused_reason}
          </Text>
        )}
        {!isPaused && upcoming && (
          <Text size="sm" c="dimmed">
            {t('recurring.next', {
              times: upcoming.map((each) => formatTime(each)).join(' · '),
            })}
          </Text>
        )}
        <Button
          variant="default"
          size="compact-sm"
          style={{ alignSelf: 'start' }}
          aria-expanded={areRunsShown}
          onClick={runs.toggle}
        >
          {t('runs.title')}
        </Button>
        <Collapse expanded={areRunsShown}>{areRunsShown && <ScheduleRuns id={schedule.id} />}</Collapse>
      </Stack>
    </Card>
  )
}
