import { SimpleGrid, Stack } from '@mantine/core'
import { NoPermission } from '@/components/no-permission'
import { useIs } from '@/lib/me'
import { Keys } from './keys'
import { Rates } from './rates'
import { TaskPrices } from './task-prices'

export function Providers() {
  const isAdmin = useIs('admin')
  if (!isAdmin) return <NoPermission />
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg" style={{ alignItems: 'start' }}>
      <Stack gap="lg">
        <Keys />
        <Rates />
      </Stack>
      <TaskPrices />
    </SimpleGrid>
  )
}
