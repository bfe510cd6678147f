import { IconChartBar, IconPigMoney, IconReceipt } from '@tabler/icons-react'
import { getRouteApi } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { Page } from '@/components/page'
import { PageTabs } from '@/components/page-tabs'
import { Budgets } from './budgets'
import { Providers } from './providers'
import { Spending } from './spending'

const route = getRouteApi('/signed-in/costs')

export function CostsPage() {
  const { t } = useTranslation('costs')
  const { t: tApp } = useTranslation()
  const { tab, project } = route.useSearch()
  const navigate = route.useNavigate()
  const show = (next: 'spending' | 'budgets' | 'providers') =>
    void navigate({
      search: (old) => ({ ...old, tab: next === 'spending' ? undefined : next }),
      replace: true,
    })
  return (
    <Page title={tApp('nav.costs')} description={t('description')}>
      <PageTabs
        label={tApp('nav.costs')}
        value={tab ?? 'spending'}
        onChange={show}
        tabs={[
          {
            value: 'spending',
            label: t('spending.tab'),
            icon: IconReceipt,
            panel: (
              <Spending
                project={project}
                onProject={(id) =>
                  void navigate({ search: (old) => ({ ...old, project: id }), replace: true })
                }
              />
            ),
          },
          { value: 'budgets', label: t('budgets.tab'), icon: IconPigMoney, panel: <Budgets /> },
          { value: 'providers', label: t('providers.tab'), icon: IconChartBar, panel: <Providers /> },
        ]}
      />
    </Page>
  )
}
