import { Center, Paper } from '@mantine/core'
import { IconMapQuestion } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { Empty } from '@/components/empty'
import { ButtonLink } from '@/components/links'

/** For addresses that no page has, signed in or not. */
export function NotFound() {
  const { t } = useTranslation()
  return (
    <Center mih="100dvh" p="md" component="main" bg="var(--cliprow-page)">
      <Paper withBorder radius="lg" shadow="xs" w="100%" maw={480}>
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
