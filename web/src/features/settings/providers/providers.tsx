import { Stack } from '@mantine/core'
import { NoPermission } from '@/components/no-permission'
import { useIs } from '@/lib/me'
import { Keys } from './keys'
import { Rates } from './rates'
import { TaskPrices } from './task-prices'

export function Providers() {
  const isAdmin = useIs('admin')
  if (!isAdmin) return <NoPermission />
  return (
    <Stack gap="lg" maw={860}>
      <Keys />
      <Rates />
      <TaskPrices />
    </Stack>
  )
}
