/** What a page shows when it fails: the rest of the app goes on. */

import { Button, Group, Stack, Text, ThemeIcon, Title } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { useQueryErrorResetBoundary } from '@tanstack/react-query'
import { type ErrorComponentProps, useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { ButtonLink } from '@/components/links'
import { ServerWords } from '@/components/server-words'
import { useDescribedError } from '@/lib/describe-error'
import { ApiError } from '@/lib/problem'

export function RouteError({ error, reset }: ErrorComponentProps) {
  const { t } = useTranslation()
  const router = useRouter()
  const queries = useQueryErrorResetBoundary()
  useEffect(() => queries.reset(), [queries])
  const isForbidden = error instanceof ApiError && error.status === 403
  const isMissing = error instanceof ApiError && error.status === 404
  const isOfServer = error instanceof ApiError && error.status >= 500
  const { title, message, detail } = useDescribedError(error)
  const what = isForbidden ? 'forbidden' : isMissing ? 'missing' : isOfServer ? 'server' : null
  const heading = what ? t(`errors.${what}`) : title
  const next = what ? t(`errors.${what}Next`) : message
  const again = () => {
    reset()
    void router.invalidate()
  }
  return (
    <Stack role="alert" maw={560} mx="auto" px="md" py={64} gap="sm">
      <ThemeIcon size={52} radius="xl" variant="light" color={isForbidden || isMissing ? undefined : 'red'}>
        <IconAlertTriangle size={26} stroke={1.6} aria-hidden />
      </ThemeIcon>
      <Title order={1} size="h2">
        {heading}
      </Title>
      {next && <Text>{next}</Text>}
      <ServerWords>{detail}</ServerWords>
      {error instanceof ApiError && error.problem.request_id && (
        <Text size="sm" c="dimmed">
          {t('errors.request', { id: error.problem.request_id })}
        </Text>
      )}
      <Group>
        {!isForbidden && <Button onClick={again}>{t('actions.tryAgain')}</Button>}
        <ButtonLink variant="default" to="/">
          {t('actions.toDashboard')}
        </ButtonLink>
      </Group>
    </Stack>
  )
}
