/** What to do where there is nothing yet: a project and a batch of one's own, or a small demo. */

import { Button, Card, Group, SimpleGrid, Text, ThemeIcon, Title } from '@mantine/core'
import {
  type Icon,
  IconFolderPlus,
  IconPlayerPlay,
  IconPlus,
  IconStack2,
  IconWand,
} from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { ButtonLink } from '@/components/links'
import { api, call, idempotencyKey, type Schemas } from '@/lib/api'
import { useIs } from '@/lib/me'
import { sayError } from '@/lib/say'

/** The generated type does not say which fields topics have. */
type NewBatch = Schemas['NewBatch']

const STEPS: readonly { readonly name: 'project' | 'batch' | 'watch'; readonly icon: Icon }[] = [
  { name: 'project', icon: IconFolderPlus },
  { name: 'batch', icon: IconStack2 },
  { name: 'watch', icon: IconPlayerPlay },
]

export function FirstSteps() {
  const { t } = useTranslation('dashboard')
  const canCreate = useIs('editor')
  const demo = useMakeDemo()
  return (
    <Card padding="xl">
      <Title order={2} size="h3">
        {t('first.title')}
      </Title>
      <Text c="dimmed" mt={4} maw={640}>
        {canCreate ? t('first.text') : t('first.viewer')}
      </Text>
      <SimpleGrid
        component="ol"
        cols={{ base: 1, sm: 3 }}
        mt="lg"
        p={0}
        mb={0}
        spacing="lg"
        style={{ listStyle: 'none' }}
      >
        {STEPS.map(({ name, icon: IconOf }, at) => (
          <li key={name}>
            <ThemeIcon size={44} radius="xl" variant="light">
              <IconOf size={22} aria-hidden />
            </ThemeIcon>
            <Text fw={600} mt="xs">
              {at + 1}. {t(`first.${name}`)}
            </Text>
            <Text size="sm" c="dimmed">
              {t(`first.${name}Text`)}
            </Text>
          </li>
        ))}
      </SimpleGrid>
      {canCreate && (
        <Group mt="xl" gap="sm">
          <ButtonLink to="/batches/new" leftSection={<IconPlus size={16} aria-hidden />}>
            {t('first.begin')}
          </ButtonLink>
          <Button
            variant="default"
            leftSection={<IconWand size={16} aria-hidden />}
            loading={demo.isPending}
            onClick={() => demo.mutate()}
          >
            {t('first.demo')}
          </Button>
        </Group>
      )}
    </Card>
  )
}

/** A project with a batch of three short topics, in the reader's language; then to the batch. */
function useMakeDemo() {
  const { t, i18n } = useTranslation('dashboard')
  const client = useQueryClient()
  const router = useRouter()
  return useMutation({
    mutationFn: async () => {
      const language = i18n.resolvedLanguage
      const project = await call(
        api.POST('/projects', {
          params: { header: idempotencyKey() },
          body: {
            name: t('demo.name'),
            original_idea: t('demo.idea'),
            metadata: { batch: { platforms: ['youtube'] } },
          },
        }),
      )
      const topics = [t('demo.topic1'), t('demo.topic2'), t('demo.topic3')].map((topic) => ({
        topic,
        language,
      }))
      const batch = await call(
        api.POST('/batches', {
          params: { header: idempotencyKey() },
          body: {
            project_id: project.id,
            title: t('demo.batch'),
            topics: topics as unknown as NewBatch['topics'],
          },
        }),
      )
      return 'batch_id' in batch ? batch.batch_id : ''
    },
    onSuccess: async (batchId) => {
      await client.invalidateQueries({ queryKey: ['projects'] })
      await router.navigate({ to: '/batches/$batchId', params: { batchId } })
    },
    onError: sayError,
  })
}
