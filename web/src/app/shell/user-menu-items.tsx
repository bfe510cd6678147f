import { Menu, Text, useMantineColorScheme } from '@mantine/core'
import {
  IconDeviceDesktop,
  IconLanguage,
  IconLogout,
  IconLogout2,
  IconMoon,
  IconSun,
} from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { LANGUAGES, type Language, setLanguage } from '@/lib/i18n'
import { useMe } from '@/lib/me'
import { sayError } from '@/lib/say'
import { signOut } from '@/lib/session'

const SCHEMES = [
  { value: 'light', icon: IconSun },
  { value: 'dark', icon: IconMoon },
  { value: 'auto', icon: IconDeviceDesktop },
] as const

export function UserMenuItems() {
  const { t, i18n } = useTranslation()
  const { email, role } = useMe()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (
    <>
      <Menu.Label>
        <Text size="sm" c="var(--mantine-color-text)" truncate>
          {email}
        </Text>
        {role && t(`role.${role}`)}
      </Menu.Label>
      <Menu.Divider />
      <Menu.Label>{t('shell.theme')}</Menu.Label>
      {SCHEMES.map(({ value, icon: IconOf }) => (
        <Menu.Item
          key={value}
          closeMenuOnClick={false}
          leftSection={<IconOf size={16} aria-hidden />}
          onClick={() => setColorScheme(value)}
          aria-current={colorScheme === value}
          fw={colorScheme === value ? 600 : undefined}
        >
          {t(`theme.${value}`)}
        </Menu.Item>
      ))}
      <Menu.Divider />
      <Menu.Label>{t('shell.language')}</Menu.Label>
      {(Object.keys(LANGUAGES) as Language[]).map((each) => (
        <Menu.Item
          key={each}
          lang={each}
          leftSection={<IconLanguage size={16} aria-hidden />}
          onClick={() => setLanguage(each)}
          aria-current={i18n.resolvedLanguage === each}
          fw={i18n.resolvedLanguage === each ? 600 : undefined}
        >
          {LANGUAGES[each]}
        </Menu.Item>
      ))}
      <Menu.Divider />
      <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => signOut().catch(sayError)}>
        {t('actions.signOut')}
      </Menu.Item>
      <Menu.Item
        leftSection={<IconLogout2 size={16} aria-hidden />}
        onClick={() => signOut('global').catch(sayError)}
      >
        {t('actions.signOutEverywhere')}
      </Menu.Item>
    </>
  )
}
