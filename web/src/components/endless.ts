/** Lists that come in pages, as one. */

import type { InfiniteData } from '@tanstack/react-query'

interface Page {
  readonly next_cursor: string | null
}

/** Of `useInfiniteQuery`: where the next page begins. */
export const endless = {
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page: Page) => page.next_cursor ?? undefined,
}

export function itemsOf<T>(data: InfiniteData<Page & { readonly items: readonly T[] }> | undefined): T[] {
  return data?.pages.flatMap(({ items }) => items) ?? []
}
