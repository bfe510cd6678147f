import { Tabs } from '@mantine/core'
import { IconChartBar, IconPigMoney, IconReceipt } from '@tabler/icons-react'
import { getRouteApi } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { Page } from '@/components/page'
import { Budgets } from './budgets'
import { Providers } from './providers'
import { Spending } from './spending'

const route = getRouteApi('/signed-in/costs')

export function CostsPage() {
  const { t } = useTranslation('costs')
  const { t: tApp } = useTranslation()
  const { tab, project } = route.useSearch()
  const navigate = route.useNavigate()
  const show = (next: string | null) =>
    void navigate({
      search: (old) => ({ ...old, tab: next === 'budgets' || next === 'providers' ? next : undefined }),
      replace: true,
    })
  return (
    <Page title={tApp('nav.costs')} description={t('description')}>
      <Tabs value={tab ?? 'spending'} onChange={show} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="spending" leftSection={<IconReceipt size={16} aria-hidden />}>
            {t('spending.tab')}
          </Tabs.Tab>
          <Tabs.Tab value="budgets" leftSection={<IconPigMoney size={16} aria-hidden />}>
            {t('budgets.tab')}
          </Tabs.Tab>
          <Tabs.Tab value="providers" leftSection={<IconChartBar size={16} aria-hidden />}>
            {t('providers.tab')}
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="spending">
          <Spending
            project={project}
            onProject={(id) => void navigate({ search: (old) => ({ ...old, project: id }), replace: true })}
          />
        </Tabs.Panel>
        <Tabs.Panel value="budgets">
          <Budgets />
        </Tabs.Panel>
        <Tabs.Panel value="providers">
          <Providers />
        </Tabs.Panel>
      </Tabs>
    </Page>
  )
}
