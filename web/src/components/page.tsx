/** The head and the frame of every page. */

import { Group, Stack, Text, Title } from '@mantine/core'
import { useDocumentTitle } from '@mantine/hooks'
import { type ReactNode, type RefObject, useEffect, useRef } from 'react'

interface PageProps {
  readonly title: string
  readonly description?: ReactNode
  /** Buttons beside the title. */
  readonly actions?: ReactNode
  readonly children: ReactNode
}

export function Page({ title, description, actions, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  useDocumentTitle(`${title} · Cliprow`)
  useFocusOnTitle(heading, title)
  return (
    <Stack gap="lg" p={{ base: 'sm', sm: 'lg' }} maw={1440} mx="auto" w="100%">
      <Group justify="space-between" align="flex-start" gap="sm">
        <div>
          <Title ref={heading} order={1} size="h2" tabIndex={-1} style={{ outline: 'none' }}>
            {title}
          </Title>
          {description && (
            <Text component="div" c="dimmed" mt={4} maw={720} style={{ textWrap: 'pretty' }}>
              {description}
            </Text>
          )}
        </div>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  )
}

/** Who came by a link that is gone now goes on from the title, which also tells screen readers of the new page. */
function useFocusOnTitle(heading: RefObject<HTMLHeadingElement | null>, title: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: for every new title.
  useEffect(() => {
    // A page that was just opened begins at its beginning.
    if (!navigator.userActivation?.hasBeenActive) return
    if (document.activeElement === document.body) heading.current?.focus({ preventScroll: true })
  }, [heading, title])
}
