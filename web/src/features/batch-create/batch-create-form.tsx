/** The form that makes a batch, or one video. */

import { Skeleton, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMe } from '@/lib/me'
import type { Mode, Settings } from './draft'
import { DraftForm } from './draft-form'
import { asLocal } from './request'
import { keptDraftQuery } from './use-draft'

interface BatchCreateFormProps {
  readonly mode: Mode
  readonly defaultProjectId?: string
  /** Of the library, to be in every video; besides those of the draft. */
  readonly defaultItems?: readonly string[]
  /** When it is to start, in ISO 8601. */
  readonly defaultStart?: string
  /** The batch is made. */
  readonly onSubmit: (batchId: string) => void
}

export function BatchCreateForm(props: BatchCreateFormProps) {
  const { mode, defaultProjectId, defaultItems, defaultStart, onSubmit } = props
  const { tenant } = useMe()
  const tenantId = tenant?.id ?? ''
  const { data: kept, isPending } = useQuery(keptDraftQuery(tenantId))
  if (isPending) {
    return (
      <Stack>
        <Skeleton h={220} />
        <Skeleton h={320} />
      </Stack>
    )
  }
  const items = (defaultItems ?? []).map((item) => ({ item }))
  const reuse = [...(kept?.settings.reuse ?? []), ...items].filter(
    (wish, at, all) =>
      !('item' in wish) || all.findIndex((each) => 'item' in each && each.item === wish.item) === at,
  )
  const start: Partial<Settings> = {
    reuse,
    ...(defaultStart ? { starts_at: asLocal(new Date(defaultStart)) } : {}),
    ...(defaultProjectId ? { projectId: defaultProjectId } : {}),
  }
  return <DraftForm tenantId={tenantId} mode={mode} kept={kept ?? null} start={start} onSubmit={onSubmit} />
}
