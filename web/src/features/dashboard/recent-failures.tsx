import { Button, Group, Stack, Text } from '@mantine/core'
import { IconRefresh } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { useFailureText } from '@/components/error-texts'
import { Failed } from '@/components/failed'
import { TextLink } from '@/components/links'
import { JobLink } from '@/components/record-links'
import { RowSkeletons } from '@/components/row-skeletons'
import { Section } from '@/components/section'
import { api, call, type Schemas } from '@/lib/api'
import { formatAgo } from '@/lib/format'
import { useIs } from '@/lib/me'
import { projectRowQuery } from '@/lib/project-list'
import { useRow } from '@/lib/rows'
import { say, sayError } from '@/lib/say'
import { failuresQuery } from './api'

/** What failed for good lately, to be run again. */
export function RecentFailures() {
  const { t } = useTranslation('dashboard')
  const { data, error, isPending, refetch } = useQuery(failuresQuery)
  const isAdmin = useIs('admin')
  return (
    <Section
      title={t('failures.title')}
      actions={
        isAdmin &&
        data &&
        data.length > 0 && (
          <TextLink to="/operations" size="sm">
            {t('failures.all')}
          </TextLink>
        )
      }
    >
      {error && <Failed error={error} onRetry={() => void refetch()} />}
      {isPending && <RowSkeletons count={3} height={60} />}
      {data?.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('failures.none')}
        </Text>
      )}
      <Stack gap="md">
        {data?.map((letter) => (
          <Failure key={letter.task_id} letter={letter} />
        ))}
      </Stack>
    </Section>
  )
}

function Failure({ letter }: { readonly letter: Schemas['DeadLetter'] }) {
  const { t } = useTranslation('dashboard')
  const { t: tApp } = useTranslation()
  const trouble = useFailureText()(letter)
  const client = useQueryClient()
  const isEditor = useIs('editor')
  useQuery({ ...projectRowQuery(client, letter.project_id), enabled: isEditor })
  const isControlled = useRow('projects', letter.project_id)?.may_control ?? false
  const retry = useMutation({
    mutationFn: () =>
      call(
        api.POST('/dead-letters/{job_id}/{task_id}/replay', {
          params: { path: { job_id: letter.job_id, task_id: letter.task_id } },
        }),
      ),
    onSuccess: () => {
      say(t('failures.retried', { topic: letter.topic }))
      return client.invalidateQueries({ queryKey: ['letters'] })
    },
    onError: sayError,
  })
  return (
    <div>
      <JobLink id={letter.job_id} batchId={letter.batch_id} fw={550} size="sm" truncate display="block">
        {letter.topic}
      </JobLink>
      <Text size="sm" lineClamp={2} title={trouble.detail}>
        {trouble.meaning}
      </Text>
      <Group justify="space-between" gap="xs" wrap="nowrap" mt={2}>
        <Text size="xs" c="dimmed" truncate>
          {tApp(`stage.${letter.stage}`)} · {formatAgo(letter.failed_at)}
        </Text>
        {isControlled && (
          <Button
            size="compact-xs"
            variant="light"
            leftSection={<IconRefresh size={13} aria-hidden />}
            loading={retry.isPending}
            aria-label={t('failures.retryOf', { topic: letter.topic })}
            onClick={() => retry.mutate()}
          >
            {t('failures.retry')}
          </Button>
        )}
      </Group>
    </div>
  )
}
