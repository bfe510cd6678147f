/** One figure with its name, and what it is measured by. */

import { Card, Group, Skeleton, Text } from '@mantine/core'
import type { ReactNode } from 'react'

interface FigureCardProps {
  readonly label: string
  /** Nothing yet: it is being fetched. */
  readonly value: ReactNode
  readonly hint?: ReactNode
  readonly icon?: ReactNode
}

export function FigureCard({ label, value, hint, icon }: FigureCardProps) {
  return (
    <Card padding="md" role="group" aria-label={label}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text size="sm" c="dimmed" truncate>
          {label}
        </Text>
        {icon}
      </Group>
      {value === undefined ? (
        <Skeleton h={28} w="60%" mt={6} mb={4} />
      ) : (
        <Text className="figures" fz={26} lh={1.3} fw={650} mt={2}>
          {value}
        </Text>
      )}
      <Text component="div" size="xs" c="dimmed" mih={18}>
        {hint}
      </Text>
    </Card>
  )
}
