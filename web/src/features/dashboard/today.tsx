import { Group, Stack, Text } from '@mantine/core'
import { IconCalendarEvent, IconRepeat } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { BatchLink } from '@/components/record-links'
import { RowSkeletons } from '@/components/row-skeletons'
import { Section } from '@/components/section'
import { readerLanguage } from '@/lib/format'
import { useRows } from '@/lib/rows'
import { dueTodayQuery, plannedQuery } from './api'

/** What begins before the day ends: planned batches, and schedules that are due. */
export function Today() {
  const { t } = useTranslation('dashboard')
  const planned = useQuery(plannedQuery(useQueryClient()))
  const due = useQuery(dueTodayQuery)
  const batches = useRows('batches', planned.data ?? [])
  const error = planned.error ?? due.error
  const clock = (iso: string) =>
    new Intl.DateTimeFormat(readerLanguage(), { timeStyle: 'short' }).format(new Date(iso))
  const isEmpty = planned.data?.length === 0 && due.data?.length === 0
  return (
    <Section title={t('today.title')}>
      {error && (
        <Failed
          error={error}
          onRetry={() => {
            void planned.refetch()
            void due.refetch()
          }}
        />
      )}
      {planned.isPending && <RowSkeletons count={2} />}
      {isEmpty && (
        <Text size="sm" c="dimmed">
          {t('today.none')}
        </Text>
      )}
      <Stack gap="sm">
        {batches.map(({ id, number, title, starts_at }) => (
          <Line
            key={id}
            time={starts_at ? clock(starts_at) : ''}
            icon={<IconCalendarEvent size={16} aria-hidden />}
          >
            <BatchLink id={id} size="sm" truncate>
              #{number} {title}
            </BatchLink>
          </Line>
        ))}
        {due.data?.map(({ id, name, next_run_at }) => (
          <Line key={id} time={clock(next_run_at ?? '')} icon={<IconRepeat size={16} aria-hidden />}>
            <Text size="sm" truncate>
              {name}
            </Text>
          </Line>
        ))}
      </Stack>
    </Section>
  )
}

interface LineProps {
  readonly time: string
  readonly icon: ReactNode
  readonly children: ReactNode
}

function Line({ time, icon, children }: LineProps) {
  return (
    <Group gap="xs" wrap="nowrap">
      {icon}
      <Text size="sm" className="figures" c="dimmed" miw={64}>
        {time}
      </Text>
      {children}
    </Group>
  )
}
