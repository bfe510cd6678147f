/** The frame around every page of a signed-in user: navigation, tenant, live badge, keys. */

import { ActionIcon, Burger, Group, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconKeyboard } from '@tabler/icons-react'
import { Link, Outlet, useRouterState } from '@tanstack/react-router'
import { lazy, Suspense, useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { Loading } from '@/components/loading'
import { useConfig } from '@/lib/config'
import { LiveProvider } from '@/lib/live/live'
import { useMe } from '@/lib/me'
import { useNoticeWishes } from '@/lib/notice-wishes'
import { Announcer } from './announcer'
import { KeyHelp, useKeyMap } from './keys'
import { LinkBadge } from './link-badge'
import { NavLinks } from './nav-links'
import classes from './shell.module.css'
import { TenantMenu } from './tenant-menu'
import { UserMenu } from './user-menu'

const BrowserNotices = lazy(() =>
  import('./browser-notices').then(({ BrowserNotices: component }) => ({ default: component })),
)
const NoTenant = lazy(() => import('./no-tenant').then(({ NoTenant: component }) => ({ default: component })))

export function Shell() {
  const { tenant } = useMe()
  const config = useConfig()
  if (!tenant) {
    return (
      <Suspense fallback={<Loading />}>
        <NoTenant />
      </Suspense>
    )
  }
  return (
    // Another tenant is another link, and another page.
    <LiveProvider key={tenant.id} config={config} tenant={tenant}>
      <Frame />
    </LiveProvider>
  )
}

function Frame() {
  const { t } = useTranslation()
  const [isOpen, { toggle, close }] = useDisclosure()
  const path = useRouterState({ select: (state) => state.location.pathname })
  const keys = useKeyMap()
  const wishes = useNoticeWishes()
  // biome-ignore lint/correctness/useExhaustiveDependencies: for every new path.
  useEffect(close, [path])
  return (
    <div className={classes.shell}>
      <a className="visually-hidden" href="#main">
        {t('shell.skip')}
      </a>
      {/* The dialogs' scroll lock knows what reaches to the end of the page by that name. */}
      <header className={`${classes.header} right-scroll-bar-position`}>
        <Group h="100%" justify="space-between" wrap="nowrap" gap="xs">
          <Group gap="sm" wrap="nowrap" miw={0}>
            <Burger
              opened={isOpen}
              onClick={toggle}
              hiddenFrom="md"
              size="sm"
              aria-label={t('shell.menu')}
              aria-expanded={isOpen}
              aria-controls="navigation"
            />
            <Link to="/" aria-label={t('nav.dashboard')} style={{ display: 'flex' }}>
              <img src={`${import.meta.env.BASE_URL}favicon.svg`} alt="" width={28} height={28} />
            </Link>
            <Text fw={700} visibleFrom="sm">
              Cliprow
            </Text>
            <TenantMenu />
          </Group>
          <Group gap="xs" wrap="nowrap">
            <LinkBadge />
            <ActionIcon
              title={t('shell.keys')}
              variant="subtle"
              color="gray"
              visibleFrom="sm"
              onClick={keys.openHelp}
              aria-label={t('shell.keys')}
            >
              <IconKeyboard size={20} aria-hidden />
            </ActionIcon>
            <UserMenu />
          </Group>
        </Group>
      </header>
      <nav
        id="navigation"
        className={classes.navbar}
        data-open={isOpen || undefined}
        aria-label={t('shell.navigation')}
      >
        <NavLinks />
      </nav>
      <main id="main" className={classes.main} tabIndex={-1}>
        <Suspense fallback={<Loading />}>
          <Outlet />
        </Suspense>
      </main>
      <KeyHelp {...keys} />
      <Announcer />
      {(wishes.failures || wishes.batches) && (
        <Suspense>
          <BrowserNotices />
        </Suspense>
      )}
    </div>
  )
}
