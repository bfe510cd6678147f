import { Text } from '@mantine/core'

/** What the server said, in English, below what it means. */
export function ServerWords({ children }: { readonly children: string }) {
  if (!children) return null
  return (
    <Text size="xs" c="dimmed" mt={4} lang="en" dir="auto" style={{ overflowWrap: 'anywhere' }}>
      {children}
    </Text>
  )
}
