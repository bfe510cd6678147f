/** When which task was tried, and for how long; the same as a table. */

import { Group, SegmentedControl, Stack, Table, Text, Tooltip } from '@mantine/core'
import { IconTimeline } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Empty } from '@/components/empty'
import { useFailureText } from '@/components/error-texts'
import { useClock } from '@/features/batches/use-clock'
import { formatDuration, formatTime } from '@/lib/format'
import classes from './job-timeline.module.css'
import type { JobDetail } from './queries'
import { useTaskName } from './task-name'
import { type Timeline, timelineOf } from './timeline'

export function JobTimeline({ detail }: { readonly detail: JobDetail }) {
  const { t } = useTranslation('jobs')
  const now = useClock(1_000)
  const [view, setView] = useState<'chart' | 'table'>('chart')
  const timeline = timelineOf(detail.tasks, now)
  if (!timeline) {
    return (
      <Empty icon={IconTimeline} title={t('timeline.none')}>
        {t('timeline.noneNext')}
      </Empty>
    )
  }
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Text size="sm" c="dimmed" className="figures">
          {t('timeline.sum', {
            time: formatTime(new Date(timeline.startedAt).toISOString()),
            duration: formatDuration(timeline.totalMs),
          })}
        </Text>
        <SegmentedControl
          size="xs"
          aria-label={t('timeline.view')}
          data={[
            { value: 'chart', label: t('timeline.chart') },
            { value: 'table', label: t('timeline.table') },
          ]}
          value={view}
          onChange={setView}
        />
      </Group>
      {view === 'chart' ? <Chart timeline={timeline} /> : <TimelineTable timeline={timeline} />}
    </Stack>
  )
}

function useLabel() {
  const { t } = useTranslation()
  const nameOf = useTaskName()
  return (task: Timeline['lines'][number]['task']) =>
    [t(`stage.${task.stage}`), nameOf(task)].filter(Boolean).join(' · ')
}

function Chart({ timeline }: { readonly timeline: Timeline }) {
  const { t } = useTranslation('jobs')
  const label = useLabel()
  return (
    <div
      className={classes.chart}
      role="img"
      aria-label={t('timeline.label', { count: timeline.lines.length })}
    >
      {timeline.lines.map(({ task, bars }) => (
        <div key={task.id} className={classes.line}>
          <Text size="xs" truncate title={label(task)}>
            {label(task)}
          </Text>
          <div className={classes.track}>
            {bars.map(({ attempt, start, width, ms }) => (
              <Tooltip key={attempt.id} label={`${t(`attempt.${attempt.status}`)} · ${formatDuration(ms)}`}>
                <div
                  className={classes.bar}
                  data-status={attempt.status}
                  style={{ insetInlineStart: `${start * 100}%`, width: `${width * 100}%` }}
                />
              </Tooltip>
            ))}
          </div>
        </div>
      ))}
    </div>
  )
}

function TimelineTable({ timeline }: { readonly timeline: Timeline }) {
  const failureText = useFailureText()
  const { t } = useTranslation('jobs')
  const label = useLabel()
  return (
    <Table.ScrollContainer minWidth={560}>
      <Table verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('timeline.task')}</Table.Th>
            <Table.Th>{t('timeline.attempt')}</Table.Th>
            <Table.Th>{t('timeline.result')}</Table.Th>
            <Table.Th>{t('timeline.started')}</Table.Th>
            <Table.Th ta="end">{t('timeline.duration')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {timeline.lines.flatMap(({ task, bars }) =>
            bars.map(({ attempt, ms }) => (
              <Table.Tr key={attempt.id}>
                <Table.Td>{label(task)}</Table.Td>
                <Table.Td className="figures">{attempt.number}</Table.Td>
                <Table.Td>
                  {t(`attempt.${attempt.status}`)}
                  {attempt.error_message && (
                    <Text size="xs" c="var(--mantine-color-error)">
                      {failureText(attempt).meaning}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td className="figures">{formatTime(attempt.started_at)}</Table.Td>
                <Table.Td ta="end" className="figures">
                  {formatDuration(ms)}
                </Table.Td>
              </Table.Tr>
            )),
          )}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
