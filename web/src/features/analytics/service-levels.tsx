/** What is promised, what was measured, and when to be alarmed. */

import { Badge, Button, Text } from '@mantine/core'
import {
  type Icon,
  IconAlertTriangle,
  IconBell,
  IconCheck,
  IconDownload,
  IconQuestionMark,
} from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { Section } from '@/components/section'
import { Table } from '@/components/table'
import { WideTable } from '@/components/wide-table'
import { formatDuration, formatPercent } from '@/lib/format'
import { useLinkStatus } from '@/lib/live/live'
import { saveCsv } from '@/lib/save'
import type { ServiceLevel } from './api'

const LOOK: Record<ServiceLevel['state'], { color: string; icon: Icon }> = {
  ok: { color: 'teal', icon: IconCheck },
  missed: { color: 'orange', icon: IconBell },
  alarm: { color: 'red', icon: IconAlertTriangle },
  unknown: { color: 'gray', icon: IconQuestionMark },
}

/** How long after its sending what is shown may be, and when that is an alarm. Seconds; table 13. */
const STALENESS_S = { target: 3, alarm: 10 }

export function ServiceLevels({ levels }: { readonly levels: readonly ServiceLevel[] }) {
  const { t } = useTranslation('analytics')
  const { t: tApp } = useTranslation()
  const link = useLinkStatus()
  const isLive = link.state === 'live'
  const nameOf = ({ measure, stage }: ServiceLevel) =>
    stage ? t(`levels.${measure}`, { stage: tApp(`stage.${stage}`) }) : t(`levels.${measure}`)
  const shown = ({ measure }: ServiceLevel, value: number) =>
    measure === 'stage_p95_s' ? formatDuration(value * 1_000) : formatPercent(value, 2)
  const bound = (level: ServiceLevel, value: number, sign: string) => `${sign} ${shown(level, value)}`
  const isLessBetter = ({ target, alarm }: ServiceLevel) => alarm > target
  const save = () =>
    void saveCsv(
      'cliprow-service-levels.csv',
      ['measure', 'stage', 'value', 'target', 'alarm', 'state'],
      levels.map((each) => [each.measure, each.stage, each.value, each.target, each.alarm, each.state]),
    )
  return (
    <Section
      title={t('levels.title')}
      description={t('levels.text')}
      actions={
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconDownload size={14} aria-hidden />}
          aria-label={tApp('chart.csvOf', { title: t('levels.title') })}
          onClick={save}
        >
          {tApp('chart.csv')}
        </Button>
      }
    >
      <WideTable
        label={t('levels.title')}
        minWidth={600}
        columns={[
          { name: t('columns.measure') },
          { name: t('columns.value'), isNumber: true },
          { name: t('columns.target'), isNumber: true },
          { name: t('columns.alarm'), isNumber: true },
          { name: t('columns.state') },
        ]}
      >
        {levels.map((level) => (
          <Table.Tr key={`${level.measure} ${level.stage}`} className="figures">
            <Table.Th scope="row" fw={500}>
              {nameOf(level)}
            </Table.Th>
            <Table.Td ta="end" fw={600}>
              {level.value === null ? '–' : shown(level, level.value)}
            </Table.Td>
            <Table.Td ta="end">{bound(level, level.target, isLessBetter(level) ? '≤' : '≥')}</Table.Td>
            <Table.Td ta="end">{bound(level, level.alarm, isLessBetter(level) ? '≥' : '<')}</Table.Td>
            <Table.Td>
              <StateBadge state={level.state} />
            </Table.Td>
          </Table.Tr>
        ))}
        <Table.Tr className="figures">
          <Table.Th scope="row" fw={500}>
            {t('levels.staleness')}
            <Text size="xs" c="dimmed">
              {t('levels.stalenessText')}
            </Text>
          </Table.Th>
          <Table.Td ta="end" fw={600}>
            {isLive ? t('levels.live') : t('levels.notLive')}
          </Table.Td>
          <Table.Td ta="end">≤ {formatDuration(STALENESS_S.target * 1_000)}</Table.Td>
          <Table.Td ta="end">≥ {formatDuration(STALENESS_S.alarm * 1_000)}</Table.Td>
          <Table.Td>
            <StateBadge state={isLive ? 'ok' : 'missed'} />
          </Table.Td>
        </Table.Tr>
      </WideTable>
      <Text size="xs" c="dimmed">
        {t('levels.refused')}
      </Text>
    </Section>
  )
}

function StateBadge({ state }: { readonly state: ServiceLevel['state'] }) {
  const { t } = useTranslation('analytics')
  const { color, icon: IconOf } = LOOK[state]
  return (
    <Badge color={color} leftSection={<IconOf size={13} aria-hidden />}>
      {t(`levels.is.${state}`)}
    </Badge>
  )
}
