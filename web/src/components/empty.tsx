/** Nothing to show, and what to do about it. */

import { Center, Stack, Text, ThemeIcon, Title } from '@mantine/core'
import type { Icon } from '@tabler/icons-react'
import type { ReactNode } from 'react'

interface EmptyProps {
  readonly icon: Icon
  readonly title: string
  readonly children?: ReactNode
  readonly action?: ReactNode
  /** All there is on a page, whose heading it is. */
  readonly isPage?: boolean
}

export function Empty({ icon: IconOf, title, children, action, isPage = false }: EmptyProps) {
  return (
    <Center py={48} px="md">
      <Stack align="center" gap="xs" maw={420}>
        <ThemeIcon size={52} radius="xl" variant="light">
          <IconOf size={26} stroke={1.6} aria-hidden />
        </ThemeIcon>
        {isPage ? (
          <Title order={1} size="h3" ta="center" mt={4}>
            {title}
          </Title>
        ) : (
          <Text fw={600} ta="center" mt={4}>
            {title}
          </Text>
        )}
        {children && (
          <Text c="dimmed" ta="center" size="sm">
            {children}
          </Text>
        )}
        {action}
      </Stack>
    </Center>
  )
}
