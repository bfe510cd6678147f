import { SimpleGrid, Skeleton } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Page } from '@/components/page'

/** A project that has not come yet, in its layout. */
export function ProjectSkeleton() {
  const { t } = useTranslation('projects')
  return (
    <Page title={t('project')} description={<Skeleton height={20} width={320} />}>
      <SimpleGrid cols={{ base: 2, sm: 4 }} role="status" aria-label={t('loading', { ns: 'app' })}>
        {[0, 1, 2, 3].map((at) => (
          <Skeleton key={at} height={88} />
        ))}
      </SimpleGrid>
      <Skeleton height={320} />
    </Page>
  )
}
