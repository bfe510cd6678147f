import { Badge, Skeleton, Table, Text } from '@mantine/core'
import { type Icon, IconAlertTriangle, IconCheck, IconPlayerSkipForward } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { BatchLink } from '@/components/record-links'
import type { Schemas } from '@/lib/api'
import { formatTime } from '@/lib/format'
import { runsQuery } from './schedules'

type RunStatus = Schemas['ScheduleRun']['status']

const LOOK: Record<RunStatus, { color: string; icon: Icon }> = {
  created: { color: 'teal', icon: IconCheck },
  failed: { color: 'red', icon: IconAlertTriangle },
  skipped: { color: 'gray', icon: IconPlayerSkipForward },
}

/** What became of the last runs. */
export function ScheduleRuns({ id }: { readonly id: string }) {
  const { t } = useTranslation('schedule')
  const { data, error, refetch } = useQuery(runsQuery(id))
  if (error) return <Failed error={error} onRetry={() => void refetch()} />
  if (!data) return <Skeleton h={60} />
  if (data.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t('runs.none')}
      </Text>
    )
  }
  return (
    <Table.ScrollContainer minWidth={420}>
      <Table verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{t('runs.due')}</Table.Th>
            <Table.Th scope="col">{t('runs.status')}</Table.Th>
            <Table.Th scope="col">{t('runs.result')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {data.map((run) => {
            const { color, icon: IconOf } = LOOK[run.status]
            return (
              <Table.Tr key={run.id}>
                <Table.Td className="figures">
                  {formatTime(run.due_at)}
                  {run.is_manual && ` (${t('runs.byHand')})`}
                </Table.Td>
                <Table.Td>
                  <Badge color={color} leftSection={<IconOf size={12} aria-hidden />}>
                    {t(`runs.${run.status}`)}
                  </Badge>
                </Table.Td>
                <Table.Td>
                  {run.batch_id ? (
                    <BatchLink id={run.batch_id} size="sm">
                      {t('runs.batch')}
                    </BatchLink>
                  ) : (
                    <Text size="sm">{run.error_message}</Text>
                  )}
                </Table.Td>
              </Table.Tr>
            )
          })}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
