import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '@/lib/problem'

interface FieldRefusalProps {
  /** What the field is called, where it is not said beside it. */
  readonly name?: string
  readonly reason: string
}

/** What the server says of a field, in its own words, which are English. */
export function FieldRefusal({ name, reason }: FieldRefusalProps) {
  const { t } = useTranslation()
  return (
    <>
      {name ? t('errors.fieldNamed', { name }) : t('errors.field')}{' '}
      <span lang="en" dir="auto">
        {reason}
      </span>
    </>
  )
}

/** What was refused, by its field. */
export function fieldRefusals(error: unknown): ReadonlyMap<string, ReactNode> {
  const found = error instanceof ApiError ? (error.problem.errors ?? []) : []
  return new Map(found.map(({ field, reason }) => [field, <FieldRefusal key={field} reason={reason} />]))
}
