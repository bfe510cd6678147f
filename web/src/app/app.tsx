import { DirectionProvider, MantineProvider } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { keepFocusOfBusyButtons } from '@/lib/keep-focus'
import { askAgainWhenForbidden, forgetOnSwitch } from '@/lib/me'
import { makeQueryClient } from '@/lib/queries'
import { onFirstNotice } from '@/lib/say'
import { useSession } from '@/lib/use-session'
import { makeRouter } from './router'
import { cssVariables, theme } from './theme'

const Notices = lazy(() =>
  import('@/components/notices').then(({ Notices: component }) => ({ default: component })),
)

export function App() {
  const [queries] = useState(makeQueryClient)
  const [router] = useState(() => makeRouter(queries))
  const { i18n } = useTranslation()
  const [hasNotices, setHasNotices] = useState(false)
  const { status } = useSession()

  useEffect(keepFocusOfBusyButtons, [])
  useEffect(() => onFirstNotice(() => setHasNotices(true)), [])
  useEffect(() => forgetOnSwitch(queries), [queries])
  useEffect(() => askAgainWhenForbidden(queries), [queries])
  // Signing out, here or in another tab, leaves the page that needs a sign-in, and nothing of it in memory.
  useEffect(() => {
    if (status === 'signed-out') queries.clear()
    void router.invalidate()
  }, [status, router, queries])

  return (
    <DirectionProvider key={i18n.dir()} initialDirection={i18n.dir()} detectDirection={false}>
      <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
        <QueryClientProvider client={queries}>
          <RouterProvider router={router} />
        </QueryClientProvider>
        {hasNotices && (
          <Suspense>
            <Notices />
          </Suspense>
        )}
      </MantineProvider>
    </DirectionProvider>
  )
}
