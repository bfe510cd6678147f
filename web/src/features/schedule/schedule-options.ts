/** Options of a schedule's batches as the form shows them, and back. */

import { LAST_STAGE } from '@/features/batch-create/draft'
import { pauseOption } from '@/features/batch-create/request'
import { type ReuseWish, wishesOf } from '@/features/library/reuse-wish'
import type { Schemas } from '@/lib/api'

type Options = Schemas['ScheduleOptions']

export interface ShownOptions {
  readonly title: string
  readonly max_concurrent_tasks: number | null
  readonly budget: number | null
  readonly reuse: readonly ReuseWish[]
  /** The last stage that videos go through by themselves. Null: nothing is said. */
  readonly pause_after: Schemas['Stage'] | null
}

export function shownOptions(options: Options): ShownOptions {
  return {
    title: options.title ?? '',
    max_concurrent_tasks: options.max_concurrent_tasks ?? null,
    budget: options.budget ?? null,
    reuse: wishesOf(options.reuse).shown,
    pause_after: 'pause_after' in options ? (options.pause_after ?? LAST_STAGE) : null,
  }
}

/** The options as they are to be kept; what the form does not show stays. */
export function optionsOf(shown: ShownOptions, old: Options): Options {
  const { title: _, max_concurrent_tasks: __, budget: ___, pause_after: ____, reuse: wished, ...others } = old
  const reuse = [...wishesOf(wished).others, ...shown.reuse]
  const title = shown.title.trim()
  return {
    ...others,
    ...(title ? { title } : {}),
    ...(shown.max_concurrent_tasks === null ? {} : { max_concurrent_tasks: shown.max_concurrent_tasks }),
    ...(shown.budget === null ? {} : { budget: shown.budget }),
    ...(reuse.length > 0 ? { reuse } : {}),
    ...pauseOption(shown.pause_after),
  }
}
