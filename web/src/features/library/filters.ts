/** What the library shows, as it stands in the address. */

import { CATEGORIES, type LibraryFilter, ORDERS } from './library'

export interface LibrarySearch extends LibraryFilter {
  /** The scene that is looked at. */
  readonly item?: string
  /** A video whose scenes are to be added. */
  readonly add?: string
}

export function librarySearch(search: Record<string, unknown>): LibrarySearch {
  const text = (name: string) => {
    const value = search[name]
    return typeof value === 'string' && value !== '' ? { [name]: value } : {}
  }
  const category = CATEGORIES.find((each) => each === search.category)
  const order = ORDERS.find((each) => each === search.order)
  return {
    ...text('text'),
    ...text('tags'),
    ...text('item'),
    ...text('add'),
    ...(category ? { category } : {}),
    ...(order ? { order } : {}),
    ...(search.shared === true ? { shared: true } : {}),
  }
}
