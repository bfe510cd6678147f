/** A wish for scenes of the library: the best of a tag, or one scene. */
export type ReuseWish = { readonly tag: string; readonly limit: number } | { readonly item: string }
