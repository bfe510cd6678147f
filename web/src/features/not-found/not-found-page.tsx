import { Center, Paper } from '@mantine/core'
import { IconMapQuestion } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { Empty } from '@/components/empty'
import { ButtonLink } from '@/components/links'

/** For addresses that no page has: beside the navigation of whoever is signed in. */
export function NotFoundPage() {
  const { t } = useTranslation()
  return (
    <Center mih="60dvh" p="md">
      <Paper withBorder radius="lg" shadow="xs" w="100%" maw={480} bg="var(--cliprow-surface)">
        <Empty
          icon={IconMapQuestion}
          title={t('errors.noPage')}
          isPage
          action={
            <ButtonLink to="/" mt="xs">
              {t('actions.toDashboard')}
            </ButtonLink>
          }
        >
          {t('errors.noPageNext')}
        </Empty>
      </Paper>
    </Center>
  )
}

/** The same for everybody else, for whom there is nothing around it. */
export function NotFound() {
  return (
    <Center mih="100dvh" component="main" bg="var(--cliprow-page)">
      <NotFoundPage />
    </Center>
  )
}
