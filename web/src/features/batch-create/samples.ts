/** Voices and styles, with a sample of each. */

import { queryOptions } from '@tanstack/react-query'
import { api, call, type Schemas } from '@/lib/api'

export type Style = Schemas['StyleChoice']['style']

export const voicesQuery = queryOptions({
  queryKey: ['voices'],
  queryFn: async () => (await call(api.GET('/voices'))).items,
  staleTime: 3_600_000,
})

export const stylesQuery = queryOptions({
  queryKey: ['styles'],
  queryFn: async () => (await call(api.GET('/styles'))).items,
  staleTime: 3_600_000,
})

/** A picture in a style, as an address that images take. */
export function stillQuery(style: Style) {
  return queryOptions({
    queryKey: ['styles', 'still', style],
    queryFn: async () => {
      const picture = await call(
        api.GET('/styles/still', { params: { query: { style, aspect: '16:9' } }, parseAs: 'blob' }),
      )
      return URL.createObjectURL(picture as unknown as Blob)
    },
    // Its address holds the picture in memory as long as the app runs.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  })
}

/** What a voice sounds like; the default one of the language without a name. */
export async function voiceSample(language: string, voice: string | null): Promise<Blob> {
  const query = voice ? { language, voice } : { language }
  const sound = await call(api.GET('/voices/sample', { params: { query }, parseAs: 'blob' }))
  return sound as unknown as Blob
}
