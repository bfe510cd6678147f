import { SegmentedControl } from '@mantine/core'
import { IconLock } from '@tabler/icons-react'
import { getRouteApi } from '@tanstack/react-router'
import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { Empty } from '@/components/empty'
import { Page } from '@/components/page'
import { useIs } from '@/lib/me'
import { say } from '@/lib/say'
import { BatchCreateForm } from './batch-create-form'
import type { Mode } from './draft'

const route = getRouteApi('/signed-in/batches/new')

export function BatchCreatePage() {
  const { t } = useTranslation('batch-create')
  const { project, mode = 'many', items, start } = route.useSearch()
  const navigate = route.useNavigate()
  const mayCreate = useIs('editor')
  const done = useCallback(
    (batchId: string) => {
      say(t('created'))
      void navigate({ to: '/batches/$batchId', params: { batchId } })
    },
    [navigate, t],
  )
  const setMode = (next: string) =>
    void navigate({ search: (old) => ({ ...old, mode: next as Mode }), replace: true })
  if (!mayCreate) {
    return (
      <Page title={t('page.title')}>
        <Empty icon={IconLock} title={t('page.mayNot')}>
          {t('page.mayNotNext')}
        </Empty>
      </Page>
    )
  }
  return (
    <Page
      title={t('page.title')}
      description={t(mode === 'one' ? 'page.one' : 'page.many')}
      actions={
        <SegmentedControl
          aria-label={t('page.mode')}
          value={mode}
          onChange={setMode}
          data={[
            { value: 'one', label: t('mode.one') },
            { value: 'many', label: t('mode.many') },
          ]}
        />
      }
    >
      <BatchCreateForm
        mode={mode}
        defaultProjectId={project}
        defaultItems={items?.split(',').filter(Boolean)}
        defaultStart={start}
        onSubmit={done}
      />
    </Page>
  )
}
