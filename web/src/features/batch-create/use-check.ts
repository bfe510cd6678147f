import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useDeferredValue, useMemo } from 'react'
import { platformsQuery } from '@/components/platform-names'
import { checkQuery } from './check'
import type { BatchRequest } from './request'
import { problemsOf, withFound } from './topic-problems'

/** When the typing rests so long, the database is asked. Milliseconds. */
const REST_MS = 700

let lastStamp = 0
const stamps = new WeakMap<BatchRequest, number>()

/** A number that stands for a request, which may hold a hundred thousand topics. */
function stampOf(request: BatchRequest): number {
  const known = stamps.get(request)
  if (known !== undefined) return known
  lastStamp += 1
  stamps.set(request, lastStamp)
  return lastStamp
}

/** What is wrong with a request and what it would take: the plain things at once, the rest when the typing rests. */
export function useCheck(request: BatchRequest, chosen: readonly string[]) {
  const { data: platforms } = useQuery(platformsQuery)
  const deferred = useDeferredValue(request)
  const known = useMemo(
    () => problemsOf(deferred, platforms?.map(({ platform }) => platform) ?? null, chosen),
    [deferred, platforms, chosen],
  )
  const [rested] = useDebouncedValue(request, REST_MS)
  const check = useQuery({ ...checkQuery(rested, stampOf(rested)), placeholderData: keepPreviousData })
  const isFresh = rested === request && !check.isPlaceholderData
  const isEmpty = request.topics.length === 0
  const found = isFresh ? check.data?.problems : undefined
  const problems = useMemo(
    () => (found ? withFound(known, found, rested.topics) : known),
    [known, found, rested],
  )
  return {
    problems,
    check: isEmpty ? undefined : check.data,
    isChecking: !isEmpty && (!isFresh || check.isFetching) && !check.error,
    error: isFresh && !isEmpty ? check.error : null,
    refetch: check.refetch,
  }
}
