/** Who did what to which row, and what it changed. */

import { Select, SimpleGrid, Stack, Text } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { DayInput } from '@/components/day-input'
import { itemsOf } from '@/components/endless'
import { Failed } from '@/components/failed'
import { LoadMore } from '@/components/load-more'
import { membersQuery } from '@/components/member-names'
import { RowSkeletons } from '@/components/row-skeletons'
import { Section } from '@/components/section'
import { useOperationsSearch } from '../use-search'
import { auditQuery } from './api'
import { AuditRow } from './audit-row'

/** What is audited and belongs to a team; `sql/60_audit_triggers.sql`. */
const ENTITIES = [
  'batches',
  'batch_dependencies',
  'generation_jobs',
  'stage_tasks',
  'discarded_letters',
  'projects',
  'project_members',
  'schedules',
  'scripts',
  'scenes',
  'content_library',
  'library_versions',
  'brands',
  'budgets',
  'provider_prices',
  'webhooks',
  'feature_flags',
  'memberships',
  'invitations',
  'tenants',
]
const ACTIONS = ['insert', 'update', 'delete', 'pause', 'resume', 'cancel', 'retry', 'discard']
const DOORS = ['web', 'rest', 'cli', 'data_api', 'schedule', 'worker', 'auth', 'sql']

export function Audit() {
  const { t } = useTranslation('operations')
  const { t: tApp } = useTranslation()
  const { search, change } = useOperationsSearch()
  const members = useQuery(membersQuery)
  const events = useInfiniteQuery(auditQuery(search))
  const items = itemsOf(events.data)
  return (
    <Stack gap="lg">
      <SimpleGrid cols={{ base: 2, md: 3, lg: 6 }} spacing="sm">
        <Select
          label={t('audit.who')}
          placeholder={tApp('filters.all')}
          clearable
          clearButtonProps={{ 'aria-label': tApp('filters.clear') }}
          data={(members.data ?? []).map(({ user_id, email }) => ({
            value: user_id,
            label: email ?? user_id,
          }))}
          value={search.user ?? null}
          onChange={(user) => change({ user: user ?? undefined })}
        />
        <Choice label={t('audit.entity')} of={ENTITIES} words="of" name="entity" />
        <Choice label={t('audit.action')} of={ACTIONS} words="is" name="action" />
        <Choice label={t('audit.door')} of={DOORS} words="is" name="door" />
        <DayInput label={tApp('filters.from')} value={search.from} onChange={(from) => change({ from })} />
        <DayInput label={tApp('filters.to')} value={search.to} onChange={(to) => change({ to })} />
      </SimpleGrid>
      <Section title={t('audit.title')} description={t('audit.text')}>
        {events.error && <Failed error={events.error} onRetry={() => void events.refetch()} />}
        {events.isPending && <RowSkeletons count={6} />}
        {events.data && items.length === 0 && (
          <Text size="sm" c="dimmed">
            {tApp('filters.nothing')}
          </Text>
        )}
        <Stack gap={0}>
          {items.map((event) => (
            <AuditRow key={event.id} event={event} />
          ))}
        </Stack>
        <LoadMore
          hasMore={events.hasNextPage}
          isLoading={events.isFetchingNextPage}
          onMore={() => void events.fetchNextPage()}
        />
      </Section>
    </Stack>
  )
}

interface ChoiceProps {
  readonly label: string
  readonly of: readonly string[]
  /** Where their words stand. */
  readonly words: 'of' | 'is'
  readonly name: 'entity' | 'action' | 'door'
}

function Choice({ label, of, words, name }: ChoiceProps) {
  const { t } = useTranslation('operations')
  const { t: tApp } = useTranslation()
  const { search, change } = useOperationsSearch()
  return (
    <Select
      label={label}
      placeholder={tApp('filters.all')}
      clearable
      clearButtonProps={{ 'aria-label': tApp('filters.clear') }}
      data={of.map((value) => ({ value, label: t(`audit.${words}.${value}`, value) }))}
      value={search[name] ?? null}
      onChange={(value) => change({ [name]: value ?? undefined })}
    />
  )
}
