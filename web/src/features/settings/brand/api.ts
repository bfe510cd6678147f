/** The team's brand, and its logo as an address that images take. */

import { queryOptions } from '@tanstack/react-query'
import { api, call, type Schemas } from '@/lib/api'

export type Brand = Schemas['TenantBrand']
export type BrandChange = Required<Schemas['BrandChange']>

export const brandQuery = queryOptions({
  queryKey: ['brand'],
  queryFn: () => call(api.GET('/brand')),
})

/** The logo that was there at that time. */
export function logoQuery(updatedAt: string | null) {
  return queryOptions({
    queryKey: ['brand', 'logo', updatedAt],
    queryFn: async () => {
      const picture = await call(api.GET('/brand/logo', { parseAs: 'blob' }))
      return URL.createObjectURL(picture as unknown as Blob)
    },
    // Its address holds the picture in memory as long as the app runs.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  })
}

export function sendBrand(body: BrandChange): Promise<Brand> {
  return call(api.PUT('/brand', { body }))
}

export function sendLogo(file: File): Promise<Brand> {
  return call(
    api.PUT('/brand/logo', {
      // The picture itself, not as JSON.
      body: file as unknown as string,
      bodySerializer: (body) => body,
      headers: { 'Content-Type': file.type },
    }),
  )
}

export async function removeLogo(): Promise<void> {
  await call(api.DELETE('/brand/logo'))
}
