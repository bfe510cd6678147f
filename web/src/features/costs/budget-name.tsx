import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { useProjectNames } from '@/components/project-names'
import { BatchLink, ProjectLink } from '@/components/record-links'
import { api, call } from '@/lib/api'
import type { Budget } from './api'

/** Whose budget it is: the team's, or that of a project or batch. */
export function BudgetName({ budget: { scope, scope_id: id } }: { readonly budget: Budget }) {
  const { t } = useTranslation('costs')
  const projects = useProjectNames()
  const batch = useQuery({
    queryKey: ['batches', 'name', id],
    queryFn: () => call(api.GET('/batches/{batch_id}', { params: { path: { batch_id: id } } })),
    enabled: scope === 'batch',
    staleTime: Number.POSITIVE_INFINITY,
  })
  if (scope === 'project')
    return (
      <ProjectLink id={id} inherit>
        {projects.get(id) ?? t('budgets.project')}
      </ProjectLink>
    )
  if (scope === 'batch') {
    return (
      <BatchLink id={id} inherit>
        {batch.data ? `#${batch.data.number} ${batch.data.title}` : t('budgets.batch')}
      </BatchLink>
    )
  }
  return <>{t('budgets.team')}</>
}
