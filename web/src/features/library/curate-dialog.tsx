import { Checkbox, NumberInput, Paper, SimpleGrid, Skeleton, Stack, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { FormDialog } from '@/components/form-dialog'
import { formatNumber } from '@/lib/format'
import { meQuery, useIs, useMe } from '@/lib/me'
import { say } from '@/lib/say'
import { countsOf, curate, curationQuery, keepPolicy, LIMITS, type Limit, type Policy } from './curation'

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
  const { tenant } = useMe()
  const isAdmin = useIs('admin')
  const [isKept, setKept] = useState(false)
  const [automatic, setAutomatic] = useState<boolean>()
  const isAutomatic = automatic ?? data?.policy.is_automatic === true
  const isOther = automatic !== undefined && automatic !== data?.policy.is_automatic
  const keepsPolicy = isOther || (isKept && Object.keys(policy).length > 0)
  const change = (limit: Limit, value: number | string) =>
    setPolicy(({ [limit]: _, ...others }) => (value === '' ? others : { ...others, [limit]: Number(value) }))
  const counts = data && countsOf(data.changes)
  return (
    <FormDialog
      title={t('curate.title')}
      submit={t(keepsPolicy ? 'curate.keepConfirm' : 'curate.confirm')}
      isDisabled={!data || (data.changes.length === 0 && !keepsPolicy) || isFetching || wanted !== policy}
      onClose={onClose}
      onSubmit={async () => {
        if (keepsPolicy && tenant) {
          await keepPolicy(tenant, isKept ? policy : {}, isAutomatic)
          await client.invalidateQueries({ queryKey: meQuery.queryKey })
        }
        const { changes } = await curate(policy, false)
        await client.invalidateQueries({ queryKey: ['library'] })
        const count = changes.length
        say(
          keepsPolicy && count === 0
            ? t('item.saved')
            : t('curate.done', { count, shown: formatNumber(count) }),
        )
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
          {isAdmin && (
            <>
              <Checkbox
                label={t('curate.keep')}
                disabled={Object.keys(policy).length === 0}
                checked={isKept}
                onChange={(event) => setKept(event.currentTarget.checked)}
              />
              <Checkbox
                label={t('curate.automatic')}
                description={t('curate.automaticText')}
                checked={isAutomatic}
                disabled={!data}
                onChange={(event) => setAutomatic(event.currentTarget.checked)}
              />
            </>
          )}
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
