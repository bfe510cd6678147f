import { Button, Group, Select, Stack, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { itemsOf } from '@/components/endless'
import { useFailureText } from '@/components/error-texts'
import { Failed } from '@/components/failed'
import { LoadMore } from '@/components/load-more'
import { JobLink } from '@/components/record-links'
import { RowSkeletons } from '@/components/row-skeletons'
import classes from '@/components/ruled.module.css'
import { Section } from '@/components/section'
import { formatAgo } from '@/lib/format'
import { sayError } from '@/lib/say'
import { STAGES } from '../search'
import { useOperationsSearch } from '../use-search'
import { type Letter, type LetterScope, lettersQuery, useLetterCommands } from './api'

interface LetterListProps {
  readonly scope: LetterScope
  readonly isDiscarded: boolean
}

export function LetterList({ scope, isDiscarded }: LetterListProps) {
  const { t } = useTranslation('operations')
  const { t: tApp } = useTranslation()
  const { search, change } = useOperationsSearch()
  const letters = useInfiniteQuery(lettersQuery(scope, isDiscarded))
  const items = itemsOf(letters.data)
  return (
    <Section
      title={isDiscarded ? t('letters.listDiscarded') : t('letters.list')}
      actions={
        <Group align="flex-end" gap="xs">
          {search.code && (
            <Button size="xs" variant="default" onClick={() => change({ code: undefined })}>
              {search.code} ×
            </Button>
          )}
          <Select
            size="xs"
            aria-label={t('letters.stage')}
            placeholder={t('letters.stage')}
            clearable
            clearButtonProps={{ 'aria-label': tApp('filters.clear') }}
            data={STAGES.map((value) => ({ value, label: tApp(`stage.${value}`) }))}
            value={search.stage ?? null}
            onChange={(stage) => change({ stage: STAGES.find((each) => each === stage) })}
          />
        </Group>
      }
    >
      {letters.error && <Failed error={letters.error} onRetry={() => void letters.refetch()} />}
      {letters.isPending && <RowSkeletons />}
      {letters.data && items.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('letters.nothing')}
        </Text>
      )}
      <Stack gap={0} className={classes.ruled}>
        {items.map((letter) => (
          <LetterRow key={letter.task_id} letter={letter} />
        ))}
      </Stack>
      <LoadMore
        hasMore={letters.hasNextPage}
        isLoading={letters.isFetchingNextPage}
        onMore={() => void letters.fetchNextPage()}
      />
    </Section>
  )
}

function LetterRow({ letter }: { readonly letter: Letter }) {
  const { t } = useTranslation('operations')
  const { t: tApp } = useTranslation()
  const { change } = useOperationsSearch()
  const { replay } = useLetterCommands()
  const failureText = useFailureText()
  const place = [
    tApp(`stage.${letter.stage}`),
    letter.scene_number !== null && t('letters.scene', { number: letter.scene_number }),
    letter.platform,
    formatAgo(letter.failed_at),
  ]
  return (
    <Group justify="space-between" align="flex-start" gap="sm">
      <div style={{ minWidth: 0, flex: '1 1 260px' }}>
        <JobLink id={letter.job_id} batchId={letter.batch_id} fw={550}>
          {letter.topic}
        </JobLink>
        <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
          {failureText(letter).meaning}
        </Text>
        <Text size="xs" c="dimmed">
          {place.filter(Boolean).join(' · ')}
        </Text>
        {letter.discarded && (
          <Text size="xs" c="dimmed">
            {t('letters.discardedFor', {
              reason: letter.discarded.reason,
              ago: formatAgo(letter.discarded.at),
            })}
          </Text>
        )}
      </div>
      <Group gap={4} wrap="nowrap">
        <Button
          size="compact-sm"
          variant="default"
          aria-label={t('letters.openOf', { topic: letter.topic })}
          onClick={() => change({ letter: `${letter.job_id}/${letter.task_id}` })}
        >
          {t('letters.open')}
        </Button>
        <Button
          size="compact-sm"
          variant="light"
          loading={replay.isPending}
          aria-label={t('letters.replayOf', { topic: letter.topic })}
          onClick={() => replay.mutate(letter, { onError: sayError })}
        >
          {t('letters.replay')}
        </Button>
      </Group>
    </Group>
  )
}
