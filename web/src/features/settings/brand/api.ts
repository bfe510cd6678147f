/** The brand of the team, or that of a project, and its logo as an address that images take. */

import { queryOptions } from '@tanstack/react-query'
import { api, call, type Schemas } from '@/lib/api'

export type Brand = Schemas['TenantBrand']
export type ProjectBrand = Schemas['ProjectBrand']
export type BrandChange = Required<Schemas['BrandChange']>
/** A project's id, or null for the team. */
export type BrandOwner = string | null

export const brandQuery = queryOptions({
  queryKey: ['brand', 'team'],
  queryFn: () => call(api.GET('/brand')),
})

/** What new videos of a project have: its own, or else the team's. */
export function projectBrandQuery(projectId: string) {
  return queryOptions({
    queryKey: ['brand', projectId],
    queryFn: () => call(api.GET('/projects/{project_id}/brand', { params: of(projectId) })),
  })
}

/** The logo that was there at that time. */
export function logoQuery(owner: BrandOwner, updatedAt: string | null) {
  return queryOptions({
    queryKey: ['logo', owner, updatedAt],
    queryFn: async () => {
      const picture = await call(
        owner === null
          ? api.GET('/brand/logo', { parseAs: 'blob' })
          : api.GET('/projects/{project_id}/brand/logo', { params: of(owner), parseAs: 'blob' }),
      )
      return URL.createObjectURL(picture as unknown as Blob)
    },
    // Its address holds the picture in memory as long as the app runs.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  })
}

export function sendBrand(owner: BrandOwner, body: BrandChange): Promise<Brand> {
  return call<Brand>(
    owner === null
      ? api.PUT('/brand', { body })
      : api.PUT('/projects/{project_id}/brand', { params: of(owner), body }),
  )
}

export function sendLogo(owner: BrandOwner, file: File): Promise<Brand> {
  const picture = {
    // The picture itself, not as JSON.
    body: file as unknown as string,
    bodySerializer: (body: unknown) => body as BodyInit,
    headers: { 'Content-Type': file.type },
  }
  return call<Brand>(
    owner === null
      ? api.PUT('/brand/logo', picture)
      : api.PUT('/projects/{project_id}/brand/logo', { params: of(owner), ...picture }),
  )
}

export async function removeLogo(owner: BrandOwner): Promise<void> {
  await call(
    owner === null
      ? api.DELETE('/brand/logo')
      : api.DELETE('/projects/{project_id}/brand/logo', { params: of(owner) }),
  )
}

/** The project has the team's brand again. */
export async function removeBrand(projectId: string): Promise<void> {
  await call(api.DELETE('/projects/{project_id}/brand', { params: of(projectId) }))
}

function of(projectId: string) {
  return { path: { project_id: projectId } }
}
