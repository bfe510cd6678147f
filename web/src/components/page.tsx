/** The head and the frame of every page. */

import { Group, Stack, Text, Title } from '@mantine/core'
import { useDocumentTitle } from '@mantine/hooks'
import type { ReactNode } from 'react'

interface PageProps {
  readonly title: string
  readonly description?: ReactNode
  /** Buttons beside the title. */
  readonly actions?: ReactNode
  readonly children: ReactNode
}

export function Page({ title, description, actions, children }: PageProps) {
  useDocumentTitle(`${title} · Cliprow`)
  return (
    <Stack gap="lg" p={{ base: 'sm', sm: 'lg' }} maw={1440} mx="auto" w="100%">
      <Group justify="space-between" align="flex-start" gap="sm">
        <div>
          <Title order={1} size="h2" tabIndex={-1} id="page-title" style={{ outline: 'none' }}>
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
