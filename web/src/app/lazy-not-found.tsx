/** What hardly anybody sees is fetched only then. */

import { lazy, Suspense } from 'react'

const NotFound = lazy(() =>
  import('@/features/not-found/not-found-page').then((file) => ({ default: file.NotFound })),
)

export function LazyNotFound() {
  return (
    <Suspense>
      <NotFound />
    </Suspense>
  )
}
