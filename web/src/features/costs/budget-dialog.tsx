import { NumberInput, Select, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { FormDialog } from '@/components/form-dialog'
import { ProjectSelect } from '@/components/project-select'
import { api, call } from '@/lib/api'
import { type Budget, pricesQuery, useSetBudget } from './api'
import { BudgetName } from './budget-name'

type Scope = NonNullable<Budget['scope']>

interface BudgetDialogProps {
  /** Which to change; a new one otherwise. */
  readonly budget: Budget | undefined
  readonly onClose: () => void
}

export function BudgetDialog({ budget, onClose }: BudgetDialogProps) {
  const { t } = useTranslation('costs')
  const { t: tApp } = useTranslation()
  const { mutateAsync } = useSetBudget()
  const { data: prices } = useQuery(pricesQuery)
  const [scope, setScope] = useState<Scope>(budget?.scope ?? 'tenant')
  const [project, setProject] = useState<string>()
  const [batch, setBatch] = useState<string | null>(null)
  const [amount, setAmount] = useState<number | string>(budget?.amount ?? '')
  const [period, setPeriod] = useState<Budget['period']>(budget?.period ?? 'month')
  const batches = useQuery({
    queryKey: ['batches', 'choice', project ?? null],
    queryFn: async () =>
      (await call(api.GET('/batches', { params: { query: { project_id: project, limit: 100 } } }))).items,
    enabled: scope === 'batch' && !budget,
  })
  const scopeId = budget?.scope_id ?? (scope === 'project' ? project : scope === 'batch' ? batch : undefined)
  const isMissing = !budget && scope !== 'tenant' && !scopeId
  return (
    <FormDialog
      title={budget ? t('budgets.changeTitle') : t('budgets.add')}
      submit={tApp('actions.save')}
      isDisabled={isMissing || typeof amount !== 'number'}
      onClose={onClose}
      onSubmit={() => mutateAsync({ scope, scope_id: scopeId, amount: Number(amount), period })}
    >
      {(errorOf) => (
        <Stack>
          {budget && <BudgetName budget={budget} />}
          {!budget && (
            <Select
              label={t('columns.of')}
              allowDeselect={false}
              data={(['tenant', 'project', 'batch'] as const).map((value) => ({
                value,
                label: t(`budgets.scope.${value}`),
              }))}
              value={scope}
              onChange={(value) => setScope((value ?? 'tenant') as Scope)}
            />
          )}
          {!budget && scope !== 'tenant' && (
            <ProjectSelect value={project} onChange={setProject} required={scope === 'project'} />
          )}
          {!budget && scope === 'batch' && (
            <Select
              label={t('columns.batch')}
              searchable
              required
              data={(batches.data ?? []).map(({ id, number, title }) => ({
                value: id,
                label: `#${number} ${title}`,
              }))}
              value={batch}
              onChange={setBatch}
            />
          )}
          <NumberInput
            label={t('budgets.amount')}
            description={t('budgets.amountText')}
            required
            min={0}
            decimalScale={2}
            data-autofocus
            suffix={` ${budget?.currency ?? prices?.currency ?? ''}`}
            value={amount}
            onChange={setAmount}
            error={errorOf('amount')}
          />
          <Select
            label={t('columns.period')}
            allowDeselect={false}
            data={(['month', 'total'] as const).map((value) => ({
              value,
              label: t(`budgets.period.${value}`),
            }))}
            value={period}
            onChange={(value) => setPeriod((value ?? 'month') as Budget['period'])}
            error={errorOf('period')}
          />
        </Stack>
      )}
    </FormDialog>
  )
}
