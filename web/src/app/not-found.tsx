import { Stack, Text, Title } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import { ButtonLink } from '@/components/links'

export function NotFound() {
  const { t } = useTranslation()
  return (
    <Stack maw={560} mx="auto" my="xl" p="md" gap="sm" align="flex-start">
      <Title order={1} size="h2">
        {t('errors.noPage')}
      </Title>
      <Text c="dimmed">{t('errors.noPageNext')}</Text>
      <ButtonLink to="/">{t('actions.toDashboard')}</ButtonLink>
    </Stack>
  )
}
