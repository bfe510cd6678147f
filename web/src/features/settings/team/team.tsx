import { SimpleGrid } from '@mantine/core'
import { DangerZone } from './danger-zone'
import { TeamForm } from './team-form'

export function Team() {
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg" style={{ alignItems: 'start' }}>
      <TeamForm />
      <DangerZone />
    </SimpleGrid>
  )
}
