/** Which jobs of a list are selected: some by id, or all that match. */

export type Selection = { readonly all: true } | { readonly all: false; readonly ids: ReadonlySet<string> }

export const NOTHING: Selection = { all: false, ids: new Set() }
export const EVERYTHING: Selection = { all: true }

export function isSelected(selection: Selection, id: string): boolean {
  return selection.all || selection.ids.has(id)
}

/** Of all that match, taking one out leaves those that are known without it. */
export function toggle(selection: Selection, id: string, known: Iterable<string>): Selection {
  const ids = new Set(selection.all ? known : selection.ids)
  if (!ids.delete(id)) ids.add(id)
  return { all: false, ids }
}

export function add(selection: Selection, more: Iterable<string>): Selection {
  if (selection.all) return selection
  return { all: false, ids: new Set([...selection.ids, ...more]) }
}

/** How many are selected of `total` that match. */
export function countOf(selection: Selection, total: number): number {
  return selection.all ? total : selection.ids.size
}
