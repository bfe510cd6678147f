import { Skeleton, Stack } from '@mantine/core'
import classes from './job-grid.module.css'

export function GridSkeleton({ rowHeight }: { readonly rowHeight: number }) {
  return (
    <Stack className={classes.frame} gap={0} aria-hidden>
      {Array.from({ length: 8 }, (_, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same.
        <div key={at} style={{ height: rowHeight, padding: 16 }}>
          <Skeleton height={12} width="45%" mb={8} />
          <Skeleton height={8} width="25%" />
        </div>
      ))}
    </Stack>
  )
}
