import type { Schemas } from '@/lib/api'

/** A wish for scenes of the library: the best of a tag, or one scene. */
export type ReuseWish = { readonly tag: string; readonly limit: number } | { readonly item: string }

type Asked = Schemas['ReuseWish']

/** Wishes as they are kept: those that the panel shows, and others, which are left as they are. */
export function wishesOf(reuse: Asked | readonly Asked[] | null | undefined): {
  readonly shown: readonly ReuseWish[]
  readonly others: readonly Asked[]
} {
  const all = !reuse ? [] : isList(reuse) ? reuse : [reuse]
  const shown: ReuseWish[] = []
  const others: Asked[] = []
  for (const asked of all) {
    const { tag, item, limit, ...more } = asked
    const isPlain = Object.keys(more).length === 0
    if (isPlain && tag !== undefined && item === undefined) shown.push({ tag, limit: limit ?? 1 })
    else if (isPlain && item !== undefined && tag === undefined && limit === undefined) shown.push({ item })
    else others.push(asked)
  }
  return { shown, others }
}

function isList(reuse: Asked | readonly Asked[]): reuse is readonly Asked[] {
  return Array.isArray(reuse)
}
