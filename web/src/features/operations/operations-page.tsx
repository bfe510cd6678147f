import {
  IconDatabase,
  IconFlag,
  IconListSearch,
  IconMailX,
  IconRepeat,
  IconServer,
  IconWebhook,
} from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { ButtonLink } from '@/components/links'
import { NoPermission } from '@/components/no-permission'
import { Page } from '@/components/page'
import { PageTabs } from '@/components/page-tabs'
import { useIs } from '@/lib/me'
import { Audit } from './audit/audit'
import { Content } from './content/content'
import { Flags } from './flags'
import { Letters } from './letters/letters'
import { Queues } from './queues/queues'
import { TABS } from './search'
import { useOperationsSearch } from './use-search'
import { Webhooks } from './webhooks/webhooks'

const LOOK = {
  letters: { icon: IconMailX, panel: <Letters /> },
  queues: { icon: IconServer, panel: <Queues /> },
  audit: { icon: IconListSearch, panel: <Audit /> },
  webhooks: { icon: IconWebhook, panel: <Webhooks /> },
  content: { icon: IconDatabase, panel: <Content /> },
  flags: { icon: IconFlag, panel: <Flags /> },
} as const satisfies Record<(typeof TABS)[number], object>

export function OperationsPage() {
  const { t } = useTranslation('operations')
  const { t: tApp } = useTranslation()
  const { search, change } = useOperationsSearch()
  const isAdmin = useIs('admin')
  return (
    <Page
      title={tApp('nav.operations')}
      description={t('description')}
      actions={
        isAdmin && (
          <ButtonLink
            variant="default"
            to="/schedule"
            search={{ tab: 'recurring' }}
            leftSection={<IconRepeat size={16} aria-hidden />}
          >
            {t('schedules')}
          </ButtonLink>
        )
      }
    >
      {!isAdmin && <NoPermission />}
      {isAdmin && (
        <PageTabs
          label={tApp('nav.operations')}
          value={search.tab ?? 'letters'}
          onChange={(tab) => change({ tab: tab === 'letters' ? undefined : tab, letter: undefined })}
          tabs={TABS.map((value) => ({ value, label: t(`tabs.${value}`), ...LOOK[value] }))}
        />
      )}
    </Page>
  )
}
