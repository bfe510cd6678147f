import { Alert, Button, Group, SimpleGrid, Stack, Text } from '@mantine/core'
import { IconAlertTriangle, IconShieldCheck } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { FigureCard } from '@/components/figure-card'
import { Section } from '@/components/section'
import { formatAgo, formatBytes, formatNumber } from '@/lib/format'
import { say, sayError } from '@/lib/say'
import { damagedQuery, healthQuery, useContentCommands } from './api'

/** So many artifacts are compared with their checksums at once, when somebody asks. */
const SAMPLE = 200

export function Health() {
  const { t } = useTranslation('operations')
  const { t: tApp } = useTranslation()
  const health = useQuery(healthQuery)
  const damaged = useQuery(damagedQuery)
  const { verify, repair } = useContentCommands()
  const { data } = health
  const mend = (contentKey?: string) =>
    repair.mutate(contentKey, {
      onError: sayError,
      onSuccess: ({ retried_jobs: count }) => say(t('content.repaired', { count })),
    })
  return (
    <Section
      title={t('content.health')}
      description={t('content.healthText')}
      actions={
        <Button
          variant="default"
          leftSection={<IconShieldCheck size={16} aria-hidden />}
          loading={verify.isPending}
          onClick={() =>
            verify.mutate(SAMPLE, {
              onError: sayError,
              onSuccess: ({ requested: count }) => say(t('content.verifying', { count })),
            })
          }
        >
          {t('content.verify')}
        </Button>
      }
    >
      {health.error && <Failed error={health.error} onRetry={() => void health.refetch()} />}
      <SimpleGrid cols={{ base: 2, md: 4 }}>
        <FigureCard
          isBare
          label={t('content.artifacts')}
          value={data && formatNumber(data.artifacts)}
          hint={data && formatBytes(data.bytes)}
        />
        <FigureCard
          isBare
          label={t('content.checked')}
          value={data && formatNumber(data.checked)}
          hint={data?.oldest_check_at && t('content.oldest', { ago: formatAgo(data.oldest_check_at) })}
        />
        <FigureCard
          isBare
          label={t('content.unchecked')}
          value={data && formatNumber(data.never_checked)}
          hint={data && t('content.waiting', { count: data.waiting })}
        />
        <FigureCard isBare label={t('content.damaged')} value={data && formatNumber(data.damaged)} />
      </SimpleGrid>
      {damaged.data && damaged.data.length > 0 && (
        <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title={t('content.damagedTitle')}>
          <Stack gap="xs">
            <Text size="sm">{t('content.damagedText')}</Text>
            {damaged.data.slice(0, 10).map((each) => (
              <Group key={each.content_key} justify="space-between" gap="xs">
                <Text size="sm" className="figures">
                  {tApp(`stage.${each.stage as 'audio_generation'}`)} · {each.content_key.slice(0, 12)} ·{' '}
                  {formatBytes(each.size_bytes)}
                </Text>
                <Button
                  size="compact-sm"
                  variant="default"
                  disabled={each.is_repairing}
                  onClick={() => mend(each.content_key)}
                >
                  {each.is_repairing ? t('content.repairing') : t('content.repair')}
                </Button>
              </Group>
            ))}
            <div>
              <Button size="xs" loading={repair.isPending} onClick={() => mend()}>
                {t('content.repairAll')}
              </Button>
            </div>
          </Stack>
        </Alert>
      )}
    </Section>
  )
}
