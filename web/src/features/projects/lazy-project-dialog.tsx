/** The dialog's code is fetched when it is first opened. */

import { type ComponentProps, lazy, Suspense } from 'react'
import type { ProjectDialog } from './project-dialog'

const Dialog = lazy(() =>
  import('./project-dialog').then(({ ProjectDialog: component }) => ({ default: component })),
)

export function LazyProjectDialog(props: ComponentProps<typeof ProjectDialog>) {
  return (
    <Suspense>
      <Dialog {...props} />
    </Suspense>
  )
}
