import i18next from 'i18next'

/**
 * What a route of a page says of its texts: they are fetched beside its code. A part that met its texts later would take
 * the whole page away for as long as they are fetched.
 */
export function pageTexts(...namespaces: string[]) {
  return { loader: () => i18next.loadNamespaces(namespaces), staleTime: Number.POSITIVE_INFINITY }
}
