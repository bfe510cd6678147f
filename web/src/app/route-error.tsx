/** What a page shows when it fails: the rest of the app goes on. */

import { Button, Group, Stack, Text, Title } from '@mantine/core'
import { useQueryErrorResetBoundary } from '@tanstack/react-query'
import { type ErrorComponentProps, useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { ButtonLink } from '@/components/links'
import { ApiError } from '@/lib/problem'
import { describeError } from '@/lib/say'

export function RouteError({ error, reset }: ErrorComponentProps) {
  const { t } = useTranslation()
  const router = useRouter()
  const queries = useQueryErrorResetBoundary()
  useEffect(() => queries.reset(), [queries])
  const isForbidden = error instanceof ApiError && error.status === 403
  const isMissing = error instanceof ApiError && error.status === 404
  const { title, message } = describeError(error)
  const again = () => {
    reset()
    void router.invalidate()
  }
  return (
    <Stack role="alert" maw={560} mx="auto" my="xl" p="md" gap="sm">
      <Title order={1} size="h2">
        {isForbidden ? t('errors.forbidden') : isMissing ? t('errors.missing') : title}
      </Title>
      {(isForbidden || isMissing) && <Text>{title}</Text>}
      <Text c="dimmed">{message}</Text>
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
