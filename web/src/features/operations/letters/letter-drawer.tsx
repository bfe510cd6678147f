/** A dead letter with its inputs, attempts and log lines, and what can be done about it. */

import { Accordion, Badge, Button, Code, Drawer, Group, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { FailureAlert } from '@/components/failure-alert'
import { JobLink } from '@/components/record-links'
import { RowSkeletons } from '@/components/row-skeletons'
import type { Schemas } from '@/lib/api'
import { formatDuration, formatTime } from '@/lib/format'
import { say, sayError } from '@/lib/say'
import { useReturnFocus } from '@/lib/use-return-focus'
import { letterQuery, useLetterCommands } from './api'
import { DiscardDialog } from './discard-dialog'
import { RemedyBadge } from './remedy-badge'

interface LetterDrawerProps {
  readonly jobId: string
  readonly taskId: string
  readonly onClose: () => void
}

export function LetterDrawer({ jobId, taskId, onClose }: LetterDrawerProps) {
  const { t } = useTranslation('operations')
  const { t: tApp } = useTranslation()
  const { data, error, isPending, refetch } = useQuery(letterQuery(jobId, taskId))
  const { replay } = useLetterCommands()
  useReturnFocus()
  const [isDiscarding, setDiscarding] = useState(false)
  return (
    <Drawer
      opened
      position="right"
      size="lg"
      onClose={onClose}
      title={t('letters.detail')}
      closeButtonProps={{ 'aria-label': tApp('actions.close') }}
    >
      {error && <Failed error={error} onRetry={() => void refetch()} />}
      {isPending && <RowSkeletons count={6} height={60} />}
      {data && (
        <Stack>
          <div>
            <JobLink id={data.job_id} batchId={data.batch_id} fw={600} fz="lg">
              {data.topic}
            </JobLink>
            <Text size="sm" c="dimmed">
              {tApp(`stage.${data.stage}`)} · {formatTime(data.failed_at)}
            </Text>
          </div>
          <FailureAlert failure={data} />
          <Group gap="xs">
            <RemedyBadge remedy={data.remedy} />
            <Button
              loading={replay.isPending}
              onClick={() =>
                replay.mutate(data, {
                  onError: sayError,
                  onSuccess: ({ retried_tasks: count }) => {
                    say(t('letters.replayed', { count }))
                    onClose()
                  },
                })
              }
            >
              {t('letters.replay')}
            </Button>
            {!data.discarded && (
              <Button variant="default" onClick={() => setDiscarding(true)}>
                {t('letters.discard')}
              </Button>
            )}
          </Group>
          <Title order={3} size="h5">
            {t('letters.attempts')}
          </Title>
          <Attempts attempts={data.attempts} />
          <Title order={3} size="h5">
            {t('letters.inputs')}
          </Title>
          <Code block tabIndex={0}>
            {JSON.stringify(data.inputs, null, 2)}
          </Code>
          {isDiscarding && <DiscardDialog letter={data} onClose={() => setDiscarding(false)} />}
        </Stack>
      )}
    </Drawer>
  )
}

function Attempts({ attempts }: { readonly attempts: readonly Schemas['LetterAttempt'][] }) {
  const { t } = useTranslation('operations')
  return (
    <Accordion variant="separated" defaultValue={attempts.at(-1)?.attempt_id ?? null}>
      {attempts.map((attempt) => {
        const { attempt_id: id, finished_at: end, started_at: start } = attempt
        return (
          <Accordion.Item key={id} value={id}>
            <Accordion.Control>
              <Group gap="xs">
                <Text size="sm" fw={550}>
                  {t('letters.attempt', { number: attempt.number })}
                </Text>
                <Badge color={attempt.status === 'completed' ? 'teal' : 'red'}>
                  {attempt.error_code ?? attempt.status}
                </Badge>
                <Text size="xs" c="dimmed" className="figures">
                  {formatTime(start)}
                  {end && ` · ${formatDuration(Date.parse(end) - Date.parse(start))}`}
                </Text>
              </Group>
            </Accordion.Control>
            <Accordion.Panel>
              <Text size="sm">{attempt.error_message}</Text>
              {attempt.log.length > 0 ? (
                <Code block tabIndex={0} mt="xs" mah={260} style={{ overflow: 'auto' }}>
                  {attempt.log.join('\n')}
                </Code>
              ) : (
                <Text size="xs" c="dimmed">
                  {t('letters.noLog')}
                </Text>
              )}
            </Accordion.Panel>
          </Accordion.Item>
        )
      })}
    </Accordion>
  )
}
