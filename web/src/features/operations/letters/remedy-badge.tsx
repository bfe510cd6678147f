import { Badge } from '@mantine/core'
import { type Icon, IconPencil, IconRefresh, IconTool } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { LetterGroup } from './api'

const LOOK: Record<LetterGroup['remedy'], { color: string; icon: Icon }> = {
  replay: { color: 'teal', icon: IconRefresh },
  change: { color: 'orange', icon: IconPencil },
  operator: { color: 'gray', icon: IconTool },
}

/** Whether a replay may help by itself, needs other inputs, or something is to be mended first. */
export function RemedyBadge({ remedy }: { readonly remedy: LetterGroup['remedy'] }) {
  const { t } = useTranslation('operations')
  const { color, icon: IconOf } = LOOK[remedy]
  return (
    <Badge color={color} leftSection={<IconOf size={13} aria-hidden />}>
      {t(`remedy.${remedy}`)}
    </Badge>
  )
}
