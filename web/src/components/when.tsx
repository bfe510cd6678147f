/** A time as people say it, like “in 3 days”; the exact one on hover. */

import type { ReactNode } from 'react'
import { formatTime, formatWhen } from '@/lib/format'

interface WhenProps {
  readonly iso: string
  /** Said instead, with the time in it. */
  readonly children?: ReactNode
}

export function When({ iso, children }: WhenProps) {
  return (
    <time dateTime={iso} title={formatTime(iso)}>
      {children ?? formatWhen(iso)}
    </time>
  )
}
