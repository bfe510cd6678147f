/** How the page is kept up to date: Live, Polling or Offline, and how old what it shows may be. */

import { Badge, Group, Text, UnstyledButton } from '@mantine/core'
import {
  type Icon,
  IconBolt,
  IconCloudOff,
  IconPlayerPause,
  IconPlugConnected,
  IconRefresh,
} from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Hint } from '@/components/hint'
import { formatAgo, formatTime } from '@/lib/format'
import type { LinkState } from '@/lib/live/link'
import { useFreeze, useLinkStatus } from '@/lib/live/live'

const LOOK: Record<LinkState, { color: string; icon: Icon }> = {
  connecting: { color: 'gray', icon: IconPlugConnected },
  live: { color: 'teal', icon: IconBolt },
  polling: { color: 'orange', icon: IconRefresh },
  offline: { color: 'red', icon: IconCloudOff },
}

export function LinkBadge() {
  const { t } = useTranslation()
  const { state, since, heardAt } = useLinkStatus()
  const { isFrozen, setFrozen } = useFreeze()
  useEverySecond(state !== 'live')
  const { color, icon: IconOf } = LOOK[state]
  // What was never heard of is as old as its silence.
  const agedFrom = state === 'polling' || state === 'offline' ? heardAt || since : heardAt
  const age = agedFrom > 0 && state !== 'live' ? formatAgo(new Date(agedFrom).toISOString()) : ''
  if (isFrozen) {
    return (
      <UnstyledButton title={t('link.frozenHint')} onClick={() => setFrozen(false)}>
        <Badge color="yellow" leftSection={<IconPlayerPause size={13} aria-hidden />}>
          {t('link.frozen')}
        </Badge>
      </UnstyledButton>
    )
  }
  return (
    <Group gap={6} wrap="nowrap" role="status">
      <Hint
        label={t('link.label', { state: t(`link.${state}`) })}
        text={t(`link.${state}Hint`, { since: formatTime(new Date(since).toISOString()) })}
      >
        <Badge color={color} leftSection={<IconOf size={13} aria-hidden />} data-link={state}>
          {t(`link.${state}`)}
        </Badge>
      </Hint>
      {age && (
        <Text size="xs" c="dimmed" visibleFrom="sm" aria-hidden>
          {age}
        </Text>
      )}
    </Group>
  )
}

function useEverySecond(isWanted: boolean): void {
  const [, tick] = useState(0)
  useEffect(() => {
    if (!isWanted) return
    const timer = setInterval(() => tick((count) => count + 1), 1_000)
    return () => clearInterval(timer)
  }, [isWanted])
}
