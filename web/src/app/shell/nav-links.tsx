import { ScrollArea, Stack } from '@mantine/core'
import { useRouterState } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { NavPageLink } from '@/components/links'
import { useMe } from '@/lib/me'
import { pagesFor } from './pages'

export function NavLinks() {
  const { t } = useTranslation()
  const { role } = useMe()
  const path = useRouterState({ select: (state) => state.location.pathname })
  return (
    <ScrollArea type="auto" h="100%">
      <Stack gap={2}>
        {pagesFor(role).map(({ to, name, icon: IconOf }) => {
          const isHere = to === '/' ? path === '/' : path.startsWith(to)
          return (
            <NavPageLink
              key={to}
              to={to}
              label={t(`nav.${name}`)}
              leftSection={<IconOf size={19} stroke={1.7} aria-hidden />}
              active={isHere}
              aria-current={isHere ? 'page' : undefined}
              style={{ borderRadius: 'var(--mantine-radius-md)' }}
            />
          )
        })}
      </Stack>
    </ScrollArea>
  )
}
