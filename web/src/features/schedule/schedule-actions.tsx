import { ActionIcon, Button, Group, Menu } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconDots, IconPlayerPause, IconPlayerPlay, IconTrash } from '@tabler/icons-react'
import { useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { OneOf } from '@/components/one-of'
import { say, sayError } from '@/lib/say'
import { actOnSchedule, deleteSchedule, runSchedule, type Schedule, useScheduleChange } from './schedules'

export function ScheduleActions({
  schedule,
  onEdit,
}: {
  readonly schedule: Schedule
  readonly onEdit: () => void
}) {
  const { t } = useTranslation('schedule')
  const { t: common } = useTranslation()
  const navigate = useNavigate()
  const [isAsking, asking] = useDisclosure()
  const isPaused = schedule.paused_at !== null
  const pause = useScheduleChange(() => actOnSchedule(schedule.id, isPaused ? 'resume' : 'pause'))
  const run = useScheduleChange(() => runSchedule(schedule.id))
  const remove = useScheduleChange(() => deleteSchedule(schedule.id))
  const runNow = () =>
    run.mutate(undefined, {
      onSuccess: (made) => {
        say(t('recurring.ran'))
        const { batch_id: batchId } = made as { batch_id: string }
        void navigate({ to: '/batches/$batchId', params: { batchId } })
      },
      onError: sayError,
    })
  return (
    <Group gap="xs">
      <Button variant="default" size="xs" onClick={onEdit}>
        {t('recurring.edit')}
      </Button>
      <Button
        variant="default"
        size="xs"
        loading={pause.isPending}
        leftSection={
          isPaused ? <IconPlayerPlay size={14} aria-hidden /> : <IconPlayerPause size={14} aria-hidden />
        }
        onClick={() => pause.mutate(undefined, { onError: sayError })}
      >
        <OneOf
          shown={isPaused ? t('recurring.resume') : t('recurring.pause')}
          all={[t('recurring.resume'), t('recurring.pause')]}
        />
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon
            variant="default"
            size={30}
            loading={run.isPending}
            aria-label={t('recurring.more', { name: schedule.name })}
          >
            <IconDots size={16} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconPlayerPlay size={14} aria-hidden />} onClick={runNow}>
            {t('recurring.runNow')}
          </Menu.Item>
          <Menu.Item leftSection={<IconTrash size={14} aria-hidden />} onClick={asking.open}>
            {common('actions.delete')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {isAsking && (
        <ConfirmDialog
          title={t('recurring.deleteTitle', { name: schedule.name })}
          confirm={common('actions.delete')}
          isDangerous
          onClose={asking.close}
          onConfirm={async () => {
            await remove.mutateAsync(undefined)
            say(t('recurring.deleted'))
          }}
        >
          {t('recurring.deleteText')}
        </ConfirmDialog>
      )}
    </Group>
  )
}
