/** The question before what cannot be taken back; its code is fetched when it is first asked. */

import { type ComponentProps, lazy, Suspense } from 'react'
import type { ConfirmDialog } from './confirm-dialog'

const Dialog = lazy(() =>
  import('./confirm-dialog').then(({ ConfirmDialog: component }) => ({ default: component })),
)

export function LazyConfirmDialog(props: ComponentProps<typeof ConfirmDialog>) {
  return (
    <Suspense>
      <Dialog {...props} />
    </Suspense>
  )
}
