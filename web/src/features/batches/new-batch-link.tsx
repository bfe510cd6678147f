import { IconPlus } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { ButtonLink } from '@/components/links'
import { useIs } from '@/lib/me'

/** To the page that makes batches, for those who may. */
export function NewBatchLink({ projectId }: { readonly projectId?: string }) {
  const { t } = useTranslation('batches')
  if (!useIs('editor')) return null
  return (
    <ButtonLink
      to="/batches/new"
      search={projectId ? { project: projectId } : {}}
      leftSection={<IconPlus size={16} aria-hidden />}
    >
      {t('new')}
    </ButtonLink>
  )
}
