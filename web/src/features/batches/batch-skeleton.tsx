import { Card, Skeleton, Stack } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Page } from '@/components/page'
import { GridSkeleton } from '@/features/jobs/grid-skeleton'

/** A batch that has not come yet, in its layout. */
export function BatchSkeleton() {
  const { t } = useTranslation('batches')
  return (
    <Page
      title={t('batch')}
      description={<Skeleton component="span" display="block" height={20} width={320} />}
    >
      <Card>
        <Stack gap="md" role="status" aria-label={t('loading', { ns: 'app' })}>
          <Skeleton height={28} width={80} />
          <Skeleton height={10} radius="xl" />
          <Skeleton height={36} width="70%" radius="xl" />
          <Skeleton height={52} />
        </Stack>
      </Card>
      <GridSkeleton rowHeight={64} />
    </Page>
  )
}
