/** What happened to a job. */

import { Group, Text, Timeline } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { useFailureText } from '@/components/error-texts'
import { Failed } from '@/components/failed'
import { Loading } from '@/components/loading'
import { membersQuery, useMemberName } from '@/components/member-names'
import { formatDuration, formatTime } from '@/lib/format'
import { useMe } from '@/lib/me'
import { type HistoryEvent, historyOf } from './history'
import classes from './job-history.module.css'
import { type JobDetail, type JobPause, pausesQuery } from './queries'
import { useTaskName } from './task-name'

export function JobHistory({ detail }: { readonly detail: JobDetail }) {
  const describe = useDescription()
  const { data: pauses, error, refetch } = useQuery(pausesQuery(detail.id))
  const members = useQuery(membersQuery)
  if (error && !pauses) return <Failed error={error} onRetry={() => void refetch()} />
  if (!pauses || members.isPending) return <Loading />
  return (
    <Timeline bulletSize={14} lineWidth={2} classNames={{ item: classes.item }}>
      {historyOf(detail, pauses).map((event) => {
        const { key, title, text } = describe(event)
        return (
          <Timeline.Item
            key={key}
            title={
              <Group justify="space-between" gap="xs" wrap="nowrap" align="baseline">
                <Text size="sm">{title}</Text>
                <Text size="xs" c="dimmed" className="figures" style={{ flexShrink: 0 }}>
                  <time dateTime={event.at}>{formatTime(event.at, 'short')}</time>
                </Text>
              </Group>
            }
          >
            {text && (
              <Text size="sm" c="var(--mantine-color-error)">
                {text}
              </Text>
            )}
          </Timeline.Item>
        )
      })}
    </Timeline>
  )
}

function usePauseTitle(): (pause: JobPause) => string {
  const { t } = useTranslation('jobs')
  const nameOf = useMemberName()
  const me = useMe()
  return ({ scope, action, stage, user_id }) => {
    if (action === 'review') return t('history.review', { ready: stage && t(`review.ready.${stage}`) })
    const who =
      user_id === me.user_id
        ? t('history.by.me')
        : (nameOf(user_id) ?? t(`history.by.${user_id ? 'gone' : 'operator'}`))
    return t(`history.${action}.${scope}`, { who })
  }
}

function useDescription() {
  const { t } = useTranslation('jobs')
  const nameOf = useTaskName()
  const failureText = useFailureText()
  const pauseTitle = usePauseTitle()
  return (event: HistoryEvent): { key: string; title: string; text?: string | null } => {
    switch (event.what) {
      case 'created':
      case 'started':
      case 'paused':
      case 'late':
        return { key: event.what, title: t(`history.${event.what}`) }
      case 'pausing':
        return { key: event.pause.id, title: pauseTitle(event.pause) }
      case 'ended':
        return {
          key: 'ended',
          title: t('history.ended', { status: t(`status.${event.status}`, { ns: 'app' }) }),
        }
      case 'reused':
        return { key: event.task.id, title: t('history.reused', { task: label(event.task) }) }
      case 'attempt': {
        const { attempt, task } = event
        const duration = attempt.finished_at
          ? formatDuration(Date.parse(attempt.finished_at) - Date.parse(attempt.started_at))
          : ''
        const result = [t(`attempt.${attempt.status}`), duration].filter(Boolean).join(', ')
        return {
          key: attempt.id,
          title: `${label(task)}: ${result}`,
          text: attempt.error_message && failureText(attempt).meaning,
        }
      }
    }
  }
  function label(task: Parameters<typeof nameOf>[0]): string {
    return [t(`stage.${task.stage}`, { ns: 'app' }), nameOf(task)].filter(Boolean).join(' · ')
  }
}
