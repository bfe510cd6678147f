import { Badge, Text } from '@mantine/core'
import { queryOptions, useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { RowSkeletons } from '@/components/row-skeletons'
import { Section } from '@/components/section'
import { Table } from '@/components/table'
import { WideTable } from '@/components/wide-table'
import { api, call } from '@/lib/api'

const flagsQuery = queryOptions({
  queryKey: ['flags'],
  queryFn: async () => (await call(api.GET('/flags'))).items,
})

/** The feature flags as they hold for the tenant; those who run the deployment set them. */
export function Flags() {
  const { t } = useTranslation('operations')
  const { data, error, isPending, refetch } = useQuery(flagsQuery)
  return (
    <Section title={t('flags.title')} description={t('flags.text')}>
      {error && <Failed error={error} onRetry={() => void refetch()} />}
      {isPending && <RowSkeletons />}
      {data?.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('flags.none')}
        </Text>
      )}
      {data && data.length > 0 && (
        <WideTable
          label={t('flags.title')}
          columns={[{ name: t('flags.name') }, { name: t('flags.state') }, { name: t('flags.where') }]}
        >
          {data.map(({ name, is_enabled, is_own }) => (
            <Table.Tr key={name}>
              <Table.Th scope="row" fw={500}>
                {name}
              </Table.Th>
              <Table.Td>
                <Badge color={is_enabled ? 'teal' : 'gray'}>
                  {is_enabled ? t('flags.on') : t('flags.off')}
                </Badge>
              </Table.Td>
              <Table.Td>{is_own ? t('flags.own') : t('flags.all')}</Table.Td>
            </Table.Tr>
          ))}
        </WideTable>
      )}
    </Section>
  )
}
