import { Button, Skeleton, Stack } from '@mantine/core'
import { IconPlus, IconRepeat } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Empty } from '@/components/empty'
import { Failed } from '@/components/failed'
import { useIs } from '@/lib/me'
import { ScheduleCard } from './schedule-card'
import { schedulesQuery } from './schedules'

interface RecurringTabProps {
  readonly onNew: () => void
  readonly onEdit: (scheduleId: string) => void
}

export function RecurringTab({ onNew, onEdit }: RecurringTabProps) {
  const { t } = useTranslation('schedule')
  const mayChange = useIs('editor')
  const { data, error, refetch } = useQuery(schedulesQuery)
  if (error) return <Failed error={error} onRetry={() => void refetch()} />
  if (!data) return <Skeleton h={150} />
  if (data.length === 0) {
    return (
      <Empty
        icon={IconRepeat}
        title={t('recurring.empty')}
        action={
          mayChange && (
            <Button mt="xs" leftSection={<IconPlus size={18} aria-hidden />} onClick={onNew}>
              {t('recurring.new')}
            </Button>
          )
        }
      >
        {t('recurring.emptyText')}
      </Empty>
    )
  }
  return (
    <Stack gap="md">
      {data.map((each) => (
        <ScheduleCard key={each.id} schedule={each} mayChange={mayChange} onEdit={() => onEdit(each.id)} />
      ))}
    </Stack>
  )
}
