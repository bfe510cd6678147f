import { Link, useRouterState } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { useMe } from '@/lib/me'
import { pagesFor } from './pages'
import classes from './shell.module.css'

export function NavLinks() {
  const { t } = useTranslation()
  const { role } = useMe()
  const path = useRouterState({ select: (state) => state.location.pathname })
  return pagesFor(role).map(({ to, name, icon: IconOf }) => {
    const isHere = to === '/' ? path === '/' : path.startsWith(to)
    return (
      <Link
        key={to}
        to={to}
        className={`${classes.link} mantine-focus-auto`}
        // Of the page and those below it, and not only of this very address.
        activeProps={{}}
        aria-current={isHere ? 'page' : undefined}
      >
        <IconOf size={19} stroke={1.7} aria-hidden />
        {t(`nav.${name}`)}
      </Link>
    )
  })
}
