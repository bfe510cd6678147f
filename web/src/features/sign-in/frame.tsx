import { Box, Center, Group, Paper, Stack, Text } from '@mantine/core'
import { Outlet } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

/** Around every page before the sign-in. */
export function SignInFrame() {
  const { t } = useTranslation('sign-in')
  return (
    <Center mih="100dvh" p="md" component="main" bg="var(--cliprow-page)">
      <Stack w="100%" maw={400} gap="lg">
        <Group gap="sm" justify="center">
          <img src={`${import.meta.env.BASE_URL}favicon.svg`} alt="" width={36} height={36} />
          <Box>
            <Text fw={700} size="xl" lh={1.1}>
              Cliprow
            </Text>
            <Text c="dimmed" size="sm">
              {t('tagline')}
            </Text>
          </Box>
        </Group>
        <Paper withBorder p={{ base: 'md', xs: 'xl' }} radius="lg" shadow="xs">
          <Outlet />
        </Paper>
      </Stack>
    </Center>
  )
}
