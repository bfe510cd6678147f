import { Skeleton, Stack } from '@mantine/core'

/** Rows that are being fetched. */
export function RowSkeletons({
  count = 4,
  height = 44,
}: {
  readonly count?: number
  readonly height?: number
}) {
  return (
    <Stack gap={6} aria-hidden>
      {Array.from({ length: count }, (_, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same.
        <Skeleton key={at} h={height} />
      ))}
    </Stack>
  )
}
