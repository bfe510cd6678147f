import { getRouteApi } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { TextLink } from '@/components/links'
import { Section } from '@/components/section'
import { BatchQueue } from '@/features/batches/batch-queue'

const route = getRouteApi('/signed-in/')
const PAGE_ROWS = 8

/** The queue of batches; its filters stand in the address of the dashboard. */
export function BatchList() {
  const { t } = useTranslation('dashboard')
  const { page, ...filters } = route.useSearch()
  const navigate = route.useNavigate()
  return (
    <Section
      title={t('batches.title')}
      actions={
        <TextLink to="/batches" size="sm">
          {t('batches.all')}
        </TextLink>
      }
    >
      <BatchQueue
        isCompact
        isInSection
        filters={filters}
        page={page ?? 1}
        pageSize={PAGE_ROWS}
        onFilterChange={(next) => void navigate({ search: next, replace: true, resetScroll: false })}
        onPageChange={(next) =>
          void navigate({
            search: (old) => ({ ...old, page: next > 1 ? next : undefined }),
            replace: true,
            resetScroll: false,
          })
        }
      />
    </Section>
  )
}
