/** States as badges; a new state of the database fails to compile here. */

import { Badge } from '@mantine/core'
import {
  type Icon,
  IconAlertTriangle,
  IconBan,
  IconCheck,
  IconClock,
  IconEye,
  IconLoader2,
  IconPlayerPause,
  IconProgressCheck,
} from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { Schemas } from '@/lib/api'

export type JobStatus = Schemas['Job']['status']
export type BatchStatus = Schemas['Batch']['status']
export type TaskStatus = Schemas['Task']['status']
/** `waiting`: for somebody who looks at it and lets it go on. */
export type Status = JobStatus | BatchStatus | TaskStatus | 'paused' | 'waiting'

export const STATUS_LOOK: Record<Status, { color: string; icon: Icon }> = {
  blocked: { color: 'gray', icon: IconClock },
  pending: { color: 'gray', icon: IconClock },
  queued: { color: 'blue', icon: IconClock },
  processing: { color: 'blue', icon: IconLoader2 },
  completed: { color: 'teal', icon: IconCheck },
  partial: { color: 'orange', icon: IconProgressCheck },
  failed: { color: 'red', icon: IconAlertTriangle },
  cancelled: { color: 'gray', icon: IconBan },
  paused: { color: 'yellow', icon: IconPlayerPause },
  waiting: { color: 'ink', icon: IconEye },
}

export function StatusBadge({ status, size }: { readonly status: Status; readonly size?: 'sm' | 'md' }) {
  const { t } = useTranslation()
  const { color, icon: IconOf } = STATUS_LOOK[status]
  return (
    <Badge color={color} size={size ?? 'md'} miw="max-content" leftSection={<IconOf size={13} aria-hidden />}>
      {t(`status.${status}`)}
    </Badge>
  )
}
