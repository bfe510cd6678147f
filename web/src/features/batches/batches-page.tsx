import { getRouteApi } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { Page } from '@/components/page'
import { BatchQueue } from './batch-queue'
import { NewBatchLink } from './new-batch-link'

const route = getRouteApi('/signed-in/batches')

export function BatchesPage() {
  const { t } = useTranslation('batches')
  const { page = 1, ...filters } = route.useSearch()
  const navigate = route.useNavigate()
  return (
    <Page
      title={t('nav.batches', { ns: 'app' })}
      description={t('queue.description')}
      actions={<NewBatchLink />}
    >
      <BatchQueue
        filters={filters}
        page={page}
        onFilterChange={(next) => void navigate({ search: next, replace: true, resetScroll: false })}
        onPageChange={(next) =>
          void navigate({ search: (old) => ({ ...old, page: next > 1 ? next : undefined }) })
        }
        emptyAction={<NewBatchLink />}
      />
    </Page>
  )
}
