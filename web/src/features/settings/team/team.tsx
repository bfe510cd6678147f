import { Stack } from '@mantine/core'
import { DangerZone } from './danger-zone'
import { TeamForm } from './team-form'

export function Team() {
  return (
    <Stack gap="lg" maw={760}>
      <TeamForm />
      <DangerZone />
    </Stack>
  )
}
