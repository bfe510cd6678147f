/** Options of a schedule's batches as the form shows them, and back. */

import { type ReuseWish, wishesOf } from '@/features/library/reuse-wish'
import type { Schemas } from '@/lib/api'

type Options = Schemas['ScheduleOptions']

export interface ShownOptions {
  readonly title: string
  readonly max_concurrent_tasks: number | null
  readonly budget: number | null
  readonly reuse: readonly ReuseWish[]
}

export function shownOptions(options: Options): ShownOptions {
  return {
    title: options.title ?? '',
    max_concurrent_tasks: options.max_concurrent_tasks ?? null,
    budget: options.budget ?? null,
    reuse: wishesOf(options.reuse).shown,
  }
}

/** The options as they are to be kept; what the form does not show stays. */
export function optionsOf(shown: ShownOptions, old: Options): Options {
  const { title: _, max_concurrent_tasks: __, budget: ___, reuse: wished, ...others } = old
  const reuse = [...wishesOf(wished).others, ...shown.reuse]
  const title = shown.title.trim()
  return {
    ...others,
    ...(title ? { title } : {}),
    ...(shown.max_concurrent_tasks === null ? {} : { max_concurrent_tasks: shown.max_concurrent_tasks }),
    ...(shown.budget === null ? {} : { budget: shown.budget }),
    ...(reuse.length > 0 ? { reuse } : {}),
  }
}
