/** One stage of a batch in figures, and what failed in it by error. */

import { Group, SimpleGrid, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { useFailureText } from '@/components/error-texts'
import { Failed } from '@/components/failed'
import { TextLink } from '@/components/links'
import { Table } from '@/components/table'
import type { StageProgress } from '@/features/jobs/stages'
import { api, call } from '@/lib/api'
import { formatNumber } from '@/lib/format'

interface StageDetailsProps {
  readonly batchId: string
  readonly progress: StageProgress | undefined
}

export function StageDetails({ batchId, progress }: StageDetailsProps) {
  const { t } = useTranslation('batches')
  if (!progress) return <Text size="sm">{t('stageNotBegun')}</Text>
  const figures = ['total', 'completed', 'processing', 'failed', 'reused'] as const
  return (
    <>
      <SimpleGrid cols={{ base: 2, sm: 5 }} spacing="sm">
        {figures.map((name) => (
          <div key={name}>
            <Text size="xs" c="dimmed">
              {t(`stageFigure.${name}`)}
            </Text>
            <Text fw={650} className="figures">
              {formatNumber(progress[name])}
            </Text>
          </div>
        ))}
      </SimpleGrid>
      {progress.failed > 0 && <StageErrors batchId={batchId} stage={progress.stage} />}
    </>
  )
}

function StageErrors({
  batchId,
  stage,
}: {
  readonly batchId: string
  readonly stage: StageProgress['stage']
}) {
  const { t } = useTranslation('batches')
  const failureText = useFailureText()
  const { data, error, refetch } = useQuery({
    queryKey: ['dead-letters', 'counts', batchId],
    queryFn: () => call(api.GET('/dead-letters/counts', { params: { query: { batch_id: batchId } } })),
  })
  if (error) return <Failed error={error} onRetry={() => void refetch()} />
  const rows = data?.items.filter((each) => each.stage === stage) ?? []
  if (rows.length === 0) return null
  return (
    <Table mt="sm" verticalSpacing={6}>
      <Table.Caption className="visually-hidden">{t('errors')}</Table.Caption>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t('error')}</Table.Th>
          <Table.Th ta="end" w={90}>
            {t('count')}
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map((each) => (
          <Table.Tr key={each.error_code}>
            <Table.Td>
              <Group gap="xs">
                <TextLink
                  size="sm"
                  to="/batches/$batchId"
                  params={{ batchId }}
                  search={{ error: each.error_code ?? undefined }}
                >
                  {failureText({ ...each, error_message: each.meaning }).meaning}
                </TextLink>
                <Text span size="sm" c="dimmed">
                  {failureText(each).next}
                </Text>
              </Group>
            </Table.Td>
            <Table.Td ta="end" className="figures">
              {formatNumber(each.count)}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
