/** Pause or resume, and what is seldom done beside it: stop at once, cancel. */

import { ActionIcon, Button, Group } from '@mantine/core'
import { IconBan, IconChevronDown, IconHandStop, IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ActionMenu, type MenuAction } from './action-menu'
import { LazyConfirmDialog } from './lazy-confirm-dialog'
import { OneOf } from './one-of'

interface PauseControlProps {
  /** What is controlled, for screen readers and the question before a cancel. */
  readonly name: string
  readonly isPaused: boolean
  /** It has paused by itself, until somebody lets it go on. */
  readonly isForUser?: boolean
  /** Nothing of it can be paused any more. */
  readonly isEnded: boolean
  /** A command is on its way. */
  readonly isPending: boolean
  /** With `isNow`, what runs is stopped and waits again; without, it ends. */
  readonly onTogglePause: (isNow: boolean) => void
  readonly onCancel?: () => void
  /** What a cancel takes away. */
  readonly cancelText?: string
  readonly size?: 'xs' | 'sm'
}

export function PauseControl(props: PauseControlProps) {
  const {
    name,
    isPaused,
    isForUser = false,
    isEnded,
    isPending,
    onTogglePause,
    onCancel,
    cancelText,
    size = 'sm',
  } = props
  const { t } = useTranslation()
  const [isAsking, setAsking] = useState(false)
  if (isEnded && !isPaused) return null
  const verb = t(isForUser ? 'control.goOn' : isPaused ? 'control.resume' : 'control.pause')
  const MainIcon = isPaused ? IconPlayerPlay : IconPlayerPause
  const iconSize = size === 'xs' ? 28 : 36
  const actions: MenuAction[] = []
  if (!isPaused)
    actions.push({ label: t('control.pauseNow'), icon: IconHandStop, run: () => onTogglePause(true) })
  if (onCancel)
    actions.push({ label: t('control.cancel'), icon: IconBan, isDangerous: true, run: () => setAsking(true) })
  return (
    <>
      <Group gap={1} wrap="nowrap">
        <Button
          size={size}
          variant="default"
          loading={isPending}
          leftSection={<MainIcon size={16} aria-hidden />}
          aria-label={`${verb}: ${name}`}
          onClick={() => onTogglePause(false)}
          style={isEnded ? undefined : { borderStartEndRadius: 0, borderEndEndRadius: 0 }}
        >
          <OneOf shown={verb} all={[t('control.pause'), t('control.resume'), verb]} />
        </Button>
        {!isEnded && (
          <ActionMenu actions={actions}>
            <ActionIcon
              variant="default"
              size={iconSize}
              aria-label={t('control.more', { name })}
              style={{ borderStartStartRadius: 0, borderEndStartRadius: 0 }}
            >
              <IconChevronDown size={16} aria-hidden />
            </ActionIcon>
          </ActionMenu>
        )}
      </Group>
      {onCancel && isAsking && (
        <LazyConfirmDialog
          title={t('control.cancelTitle', { name })}
          confirm={t('control.cancel')}
          isDangerous
          onClose={() => setAsking(false)}
          onConfirm={async () => onCancel()}
        >
          {cancelText ?? t('control.cancelText')}
        </LazyConfirmDialog>
      )}
    </>
  )
}
