/** How sound the stored content is, what of it nothing needs, and what storing equal content once saves. */

import { Stack } from '@mantine/core'
import { CacheStatistics } from './cache-statistics'
import { Garbage } from './garbage'
import { Health } from './health'

export function Content() {
  return (
    <Stack gap="lg">
      <Health />
      <Garbage />
      <CacheStatistics />
    </Stack>
  )
}
