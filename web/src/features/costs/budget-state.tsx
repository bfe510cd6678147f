import { Group, Progress, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '@/lib/format'
import type { Budget } from './api'

const COLOR: Record<Budget['state'], string> = { open: 'teal.8', warned: 'orange.8', exceeded: 'red.8' }

/** How much of a budget is spent. */
export function BudgetState({ budget }: { readonly budget: Budget }) {
  const { t } = useTranslation('costs')
  const { amount, spent, currency, percent, state } = budget
  if (amount === null) return <Text size="sm">{t('budgets.noLimit')}</Text>
  const text = t('budgets.spentOf', {
    spent: formatMoney(spent, currency),
    amount: formatMoney(amount, currency),
  })
  return (
    <div style={{ minWidth: 160 }}>
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Text size="xs" className="figures">
          {text}
        </Text>
        <Text size="xs" className="figures" fw={600}>
          {percent ?? 0}%
        </Text>
      </Group>
      <Progress.Root size="sm" mt={4}>
        <Progress.Section
          value={Math.min(percent ?? 0, 100)}
          color={COLOR[state]}
          aria-label={text}
          aria-valuetext={`${percent ?? 0}%`}
        />
      </Progress.Root>
    </div>
  )
}
