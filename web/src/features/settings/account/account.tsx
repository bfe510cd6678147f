import {
  Button,
  Group,
  SegmentedControl,
  Select,
  SimpleGrid,
  Text,
  useMantineColorScheme,
} from '@mantine/core'
import { IconLogout2 } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { Section } from '@/components/section'
import { LANGUAGES, type Language, setLanguage } from '@/lib/i18n'
import { useMe } from '@/lib/me'
import { signOut } from '@/lib/session'
import { PasswordForm } from './password-form'

/** What belongs to the person: sign-in, language and looks. */
export function Account() {
  const { t, i18n } = useTranslation('settings')
  const { t: tApp } = useTranslation()
  const { email, role } = useMe()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const [isAsking, setAsking] = useState(false)
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg" style={{ alignItems: 'start' }}>
      <Section title={t('account.title')}>
        <div>
          <Text fw={550}>{email}</Text>
          {role && (
            <Text size="sm" c="dimmed">
              {tApp(`role.${role}`)}
            </Text>
          )}
        </div>
        <Group align="flex-end" gap="lg">
          <Select
            label={tApp('shell.language')}
            allowDeselect={false}
            data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
            value={i18n.resolvedLanguage ?? 'en'}
            onChange={(value) => value && setLanguage(value as Language)}
          />
          <div>
            <Text size="sm" fw={500} mb={2}>
              {tApp('shell.theme')}
            </Text>
            <SegmentedControl
              aria-label={tApp('shell.theme')}
              data={(['light', 'dark', 'auto'] as const).map((value) => ({
                value,
                label: tApp(`theme.${value}`),
              }))}
              value={colorScheme}
              onChange={(value) => setColorScheme(value as typeof colorScheme)}
            />
          </div>
        </Group>
      </Section>
      <Section title={t('account.password')}>
        <PasswordForm />
      </Section>
      <Section title={t('account.sessions')} description={t('account.sessionsText')}>
        <div>
          <Button
            variant="default"
            leftSection={<IconLogout2 size={16} aria-hidden />}
            onClick={() => setAsking(true)}
          >
            {tApp('actions.signOutEverywhere')}
          </Button>
        </div>
      </Section>
      {isAsking && (
        <ConfirmDialog
          title={t('account.everywhereTitle')}
          confirm={tApp('actions.signOutEverywhere')}
          onClose={() => setAsking(false)}
          onConfirm={() => signOut('global')}
        >
          {t('account.everywhereText')}
        </ConfirmDialog>
      )}
    </SimpleGrid>
  )
}
