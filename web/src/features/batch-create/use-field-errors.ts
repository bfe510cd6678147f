import { createElement, type ReactNode, useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { FieldRefusal } from '@/components/field-refusal'
import { isOnlyMissing, type RowProblem } from './topic-problems'

/** What is wrong with settings, at their fields. What is only missing is not said before somebody wanted to go on. */
export function useFieldErrors(
  problems: readonly RowProblem[],
  wasTried: boolean,
): ReadonlyMap<string, ReactNode> {
  const { t } = useTranslation('batch-create')
  return useMemo(
    () =>
      new Map<string, ReactNode>(
        problems.flatMap(({ number, field, reason }): [string, ReactNode][] => {
          if (number !== null) return []
          if (typeof reason === 'string') return [[field, createElement(FieldRefusal, { reason })]]
          if (isOnlyMissing(reason) && !wasTried) return []
          return [[field, t(`problem.${reason.key}`, { ...reason.values, shown: reason.values?.count })]]
        }),
      ),
    [problems, wasTried, t],
  )
}
