/** One figure with its name, and what it is measured by. */

import { Card, Group, Skeleton, Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import type { ReactNode } from 'react'

interface FigureCardProps {
  readonly label: string
  /** Nothing yet: it is being fetched. */
  readonly value: ReactNode
  readonly hint?: ReactNode
  readonly icon?: ReactNode
  /** Something has to be looked at. */
  readonly isBad?: boolean
  /** Within a card: without a frame of its own. */
  readonly isBare?: boolean
}

export function FigureCard({ label, value, hint, icon, isBad = false, isBare = false }: FigureCardProps) {
  return (
    <Card
      padding={isBare ? 0 : 'md'}
      withBorder={!isBare}
      radius={isBare ? 0 : undefined}
      role="group"
      aria-label={label}
    >
      <Group justify="space-between" align="flex-start" wrap="nowrap" gap="xs">
        <Text size="sm" c="dimmed" lh={1.3} style={{ overflowWrap: 'anywhere', hyphens: 'auto' }}>
          {label}
        </Text>
        {isBad ? <IconAlertTriangle size={18} color="var(--mantine-color-error)" aria-hidden /> : icon}
      </Group>
      {value === undefined ? (
        <Skeleton h={28} w="60%" mt={6} mb={4} />
      ) : (
        <Text
          className="figures"
          fz={26}
          lh={1.3}
          fw={650}
          mt={2}
          c={isBad ? 'var(--mantine-color-error)' : undefined}
          style={{ whiteSpace: 'nowrap' }}
        >
          {value}
        </Text>
      )}
      <Text component="div" size="xs" c="dimmed" mih={18}>
        {hint}
      </Text>
    </Card>
  )
}
