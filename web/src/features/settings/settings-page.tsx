import {
  type Icon,
  IconBell,
  IconBuilding,
  IconDeviceTv,
  IconFolders,
  IconKey,
  IconPalette,
  IconUser,
  IconUsers,
} from '@tabler/icons-react'
import { getRouteApi } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Page } from '@/components/page'
import { PageTabs } from '@/components/page-tabs'
import { Account } from './account/account'
import { Brand } from './brand/brand'
import { Members } from './members/members'
import { Notifications } from './notifications'
import { Platforms } from './platforms'
import { ProjectCaps } from './project-caps'
import { Providers } from './providers/providers'
import { SETTINGS_TABS, type SettingsTab } from './tabs'
import { Team } from './team/team'

const route = getRouteApi('/signed-in/settings')

const LOOK: Record<SettingsTab, { icon: Icon; panel: ReactNode }> = {
  account: { icon: IconUser, panel: <Account /> },
  notifications: { icon: IconBell, panel: <Notifications /> },
  team: { icon: IconBuilding, panel: <Team /> },
  members: { icon: IconUsers, panel: <Members /> },
  projects: { icon: IconFolders, panel: <ProjectCaps /> },
  providers: { icon: IconKey, panel: <Providers /> },
  brand: { icon: IconPalette, panel: <Brand /> },
  platforms: { icon: IconDeviceTv, panel: <Platforms /> },
}

export function SettingsPage() {
  const { t } = useTranslation('settings')
  const { t: tApp } = useTranslation()
  const { tab } = route.useSearch()
  const navigate = route.useNavigate()
  return (
    <Page title={tApp('nav.settings')} description={t('description')}>
      <PageTabs
        label={tApp('nav.settings')}
        value={tab ?? 'account'}
        onChange={(next) => void navigate({ search: next === 'account' ? {} : { tab: next }, replace: true })}
        tabs={SETTINGS_TABS.map((value) => ({ value, label: t(`tabs.${value}`), ...LOOK[value] }))}
      />
    </Page>
  )
}
