import { useTranslation } from 'react-i18next'
import { FieldRefusal } from '@/components/field-refusal'
import { usePlatformName } from '@/components/platform-names'
import { formatNumber } from '@/lib/format'
import type { RowProblem } from './topic-problems'

/** What is wrong, with the name of the field. */
export function ProblemReason({ problem }: { readonly problem: RowProblem }) {
  const { t } = useTranslation('batch-create')
  const platformName = usePlatformName()
  const field = problem.field ? t(`field.${problem.field}`, { defaultValue: problem.field }) : ''
  if (typeof problem.reason === 'string') {
    return <FieldRefusal name={field} reason={problem.reason} />
  }
  const { key, values } = problem.reason
  const shown = typeof values?.count === 'number' ? { shown: formatNumber(values.count) } : {}
  const allowed = Array.isArray(values?.allowed)
    ? { allowed: values.allowed.map(problem.field === 'platforms' ? platformName : String).join(', ') }
    : {}
  const separator = key === 'noPlatform' ? ': ' : ' '
  return `${field}${separator}${t(`problem.${key}`, { ...values, ...shown, ...allowed })}`
}
