import { Badge, Group, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { platformsQuery } from '@/components/platform-names'
import { RowSkeletons } from '@/components/row-skeletons'
import { Section } from '@/components/section'
import { Table } from '@/components/table'
import { WideTable } from '@/components/wide-table'
import { formatBytes, formatDate, formatDuration, formatNumber } from '@/lib/format'

/** What each platform takes; the rules come with Cliprow, and say where they are from. */
export function Platforms() {
  const { t } = useTranslation('settings')
  const { data, error, isPending, refetch } = useQuery(platformsQuery)
  return (
    <Section title={t('platforms.title')} description={t('platforms.text')}>
      {error && <Failed error={error} onRetry={() => void refetch()} />}
      {isPending && <RowSkeletons count={6} />}
      {data && (
        <WideTable
          label={t('platforms.title')}
          minWidth={860}
          columns={[
            { name: t('platforms.platform') },
            { name: t('platforms.picture') },
            { name: t('platforms.length') },
            { name: t('platforms.size'), isNumber: true },
            { name: t('platforms.words') },
            { name: t('platforms.source') },
          ]}
        >
          {data.map((each) => (
            <Table.Tr key={each.platform} className="figures">
              <Table.Th scope="row" fw={500}>
                <Group gap="xs">
                  {each.label}
                  {!each.is_offered && <Badge color="gray">{t('platforms.notOffered')}</Badge>}
                </Group>
              </Table.Th>
              <Table.Td>
                <Text size="sm" style={{ whiteSpace: 'nowrap' }}>
                  {each.aspect} · {each.width} × {each.height}
                </Text>
                <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
                  {t('platforms.fps', { min: each.min_fps, max: each.max_fps })}
                </Text>
              </Table.Td>
              <Table.Td>
                <Text size="sm" style={{ whiteSpace: 'nowrap' }}>
                  {formatDuration(each.min_duration_ms)} – {formatDuration(each.max_duration_ms)}
                </Text>
              </Table.Td>
              <Table.Td ta="end" style={{ whiteSpace: 'nowrap' }}>
                {formatBytes(each.max_size_bytes)}
              </Table.Td>
              <Table.Td>
                {t('platforms.chars', {
                  title: formatNumber(each.max_title_chars),
                  description: formatNumber(each.max_description_chars),
                  hashtags: each.max_hashtags,
                })}
              </Table.Td>
              <Table.Td maw={240}>
                {/* Rules that nobody published have no source. */}
                {each.checked_on && (
                  <>
                    <Text size="xs" style={{ overflowWrap: 'anywhere' }}>
                      {each.source}
                    </Text>
                    <Text size="xs" c="dimmed">
                      {t('platforms.checked', { date: formatDate(each.checked_on) })}
                    </Text>
                  </>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </WideTable>
      )}
    </Section>
  )
}
