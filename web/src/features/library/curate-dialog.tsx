import { NumberInput, Paper, SimpleGrid, Skeleton, Stack, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { FormDialog } from '@/components/form-dialog'
import { formatNumber } from '@/lib/format'
import { say } from '@/lib/say'
import { countsOf, curate, curationQuery, LIMITS, type Limit, type Policy } from './curation'

/** The highest that is asked for; a score is 10 at most. */
const MOST: Record<Limit, number> = {
  promote_at: 10,
  demote_below: 10,
  archive_below: 10,
  archive_unused_days: 3_650,
  min_reports: 1_000,
}
const OUTCOMES = ['promoted', 'demoted', 'archived', 'scored'] as const

/** Sorts the library by how its scenes did: says first what would change, and does it when that is confirmed. */
export function CurateDialog({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation('library')
  const client = useQueryClient()
  const [policy, setPolicy] = useState<Policy>({})
  const [wanted] = useDebouncedValue(policy, 300)
  const { data, error, isFetching } = useQuery(curationQuery(wanted))
  const change = (limit: Limit, value: number | string) =>
    setPolicy(({ [limit]: _, ...others }) => (value === '' ? others : { ...others, [limit]: Number(value) }))
  const counts = data && countsOf(data.changes)
  return (
    <FormDialog
      title={t('curate.title')}
      submit={t('curate.confirm')}
      isDisabled={!data || data.changes.length === 0 || isFetching || wanted !== policy}
      onClose={onClose}
      onSubmit={async () => {
        const { changes } = await curate(policy, false)
        await client.invalidateQueries({ queryKey: ['library'] })
        say(t('curate.done', { count: changes.length, shown: formatNumber(changes.length) }))
      }}
    >
      {() => (
        <Stack>
          <Text size="sm">{t('curate.text')}</Text>
          <SimpleGrid
            cols={{ base: 1, xs: 2 }}
            spacing="sm"
            verticalSpacing="sm"
            style={{ alignItems: 'end' }}
          >
            {LIMITS.map((limit) => (
              <NumberInput
                key={limit}
                label={t(`curate.${limit}`)}
                min={0}
                max={MOST[limit]}
                allowDecimal={MOST[limit] === 10}
                value={policy[limit] ?? ''}
                placeholder={data && String(data.policy[limit] ?? '')}
                onChange={(value) => change(limit, value)}
              />
            ))}
          </SimpleGrid>
          {error && <Failed error={error} />}
          <Paper p="sm" bg="var(--cliprow-page)" role="status">
            <Text size="sm" fw={600} mb={4}>
              {t('curate.preview')}
            </Text>
            {!counts && !error && <Skeleton h={66} />}
            {data?.changes.length === 0 && <Text size="sm">{t('curate.nothing')}</Text>}
            {counts &&
              OUTCOMES.filter((outcome) => counts[outcome] > 0).map((outcome) => (
                <Text key={outcome} size="sm" className="figures">
                  {t(`curate.${outcome}`, { count: counts[outcome], shown: formatNumber(counts[outcome]) })}
                </Text>
              ))}
          </Paper>
        </Stack>
      )}
    </FormDialog>
  )
}
