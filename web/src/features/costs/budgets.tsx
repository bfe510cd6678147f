/** How much may be spent, what is spent, and what waits because it is. */

import { Alert, Badge, Button, Group, Stack, Text } from '@mantine/core'
import { IconAlertTriangle, IconPigMoney, IconPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { Empty } from '@/components/empty'
import { Failed } from '@/components/failed'
import { RowSkeletons } from '@/components/row-skeletons'
import { Section } from '@/components/section'
import { Table } from '@/components/table'
import { WideTable } from '@/components/wide-table'
import { formatAgo } from '@/lib/format'
import { useIs } from '@/lib/me'
import { type Budget, budgetsQuery, useSetBudget } from './api'
import { BudgetDialog } from './budget-dialog'
import { BudgetName } from './budget-name'
import { BudgetState } from './budget-state'

const STATE_COLOR: Record<Budget['state'], string> = { open: 'teal', warned: 'orange', exceeded: 'red' }

export function Budgets() {
  const { t } = useTranslation('costs')
  const { t: tApp } = useTranslation()
  const canChange = useIs('editor')
  const { data, error, isPending, refetch } = useQuery(budgetsQuery)
  const { mutateAsync: setBudget } = useSetBudget()
  const [changed, setChanged] = useState<Budget | 'new'>()
  const [removed, setRemoved] = useState<Budget>()
  const alerts = (data ?? []).filter(({ state }) => state !== 'open')
  const add = canChange && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setChanged('new')}>
      {t('budgets.add')}
    </Button>
  )
  return (
    <Stack gap="lg">
      {alerts.map((budget) => (
        <Alert
          key={budget.scope_id}
          color={STATE_COLOR[budget.state]}
          icon={<IconAlertTriangle aria-hidden />}
          title={<BudgetName budget={budget} />}
        >
          {t(`budgets.alert.${budget.state}`, {
            percent: budget.percent ?? 0,
            count: budget.held_tasks,
            ago: formatAgo(budget.exceeded_at ?? budget.warned_at ?? new Date().toISOString()),
          })}
        </Alert>
      ))}
      <Section title={t('budgets.title')} description={t('budgets.text')} actions={add}>
        {error && <Failed error={error} onRetry={() => void refetch()} />}
        {isPending && <RowSkeletons />}
        {data?.length === 0 && (
          <Empty icon={IconPigMoney} title={t('budgets.none')}>
            {t('budgets.noneText')}
          </Empty>
        )}
        {data && data.length > 0 && (
          <WideTable
            label={t('budgets.title')}
            minWidth={720}
            columns={[
              { name: t('columns.of') },
              { name: t('columns.period') },
              { name: t('columns.spent') },
              { name: t('columns.state') },
              { name: t('columns.held'), isNumber: true },
              { name: '' },
            ]}
          >
            {data.map((budget) => (
              <Table.Tr key={budget.scope_id}>
                <Table.Th scope="row" fw={500}>
                  <BudgetName budget={budget} />
                </Table.Th>
                <Table.Td>{t(`budgets.period.${budget.period}`)}</Table.Td>
                <Table.Td>
                  <BudgetState budget={budget} />
                </Table.Td>
                <Table.Td>
                  <Badge color={STATE_COLOR[budget.state]}>{t(`budgets.state.${budget.state}`)}</Badge>
                </Table.Td>
                <Table.Td ta="end" className="figures">
                  {budget.held_tasks}
                </Table.Td>
                <Table.Td>
                  {canChange && (
                    <Group gap={4} justify="flex-end" wrap="nowrap">
                      <Button size="compact-sm" variant="subtle" onClick={() => setChanged(budget)}>
                        {t('budgets.change')}
                      </Button>
                      <Button
                        size="compact-sm"
                        variant="subtle"
                        color="red"
                        onClick={() => setRemoved(budget)}
                      >
                        {t('budgets.remove')}
                      </Button>
                    </Group>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </WideTable>
        )}
        <Text size="xs" c="dimmed">
          {t('budgets.webhooks')}
        </Text>
      </Section>
      {changed && (
        <BudgetDialog
          budget={changed === 'new' ? undefined : changed}
          onClose={() => setChanged(undefined)}
        />
      )}
      {removed && (
        <ConfirmDialog
          title={t('budgets.removeTitle')}
          confirm={tApp('actions.delete')}
          isDangerous
          onClose={() => setRemoved(undefined)}
          onConfirm={() =>
            setBudget({ scope: removed.scope ?? 'tenant', scope_id: removed.scope_id, amount: null })
          }
        >
          {t('budgets.removeText')}
        </ConfirmDialog>
      )}
    </Stack>
  )
}
