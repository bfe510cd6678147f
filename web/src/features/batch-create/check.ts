/** The dry run: what is wrong, how long it takes, what it costs. Nothing is made. */

import { queryOptions } from '@tanstack/react-query'
import { api, call, type Schemas } from '@/lib/api'
import type { BatchRequest } from './request'

/** Topics of one request: what the database checks well within its time for a statement. */
const CHUNK = 10_000

export interface Check {
  readonly problems: readonly Schemas['RowError'][]
  readonly jobCount: number
  readonly seconds: number | null
  readonly cost: Schemas['Cost']
  readonly basis: string
}

/**
 * @param stamp stands for the request, which may be long; another for every other request.
 */
export function checkQuery(request: BatchRequest, stamp: number) {
  return queryOptions({
    queryKey: ['batches', 'check', stamp],
    queryFn: ({ signal }) => check(request, signal),
    enabled: request.topics.length > 0,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    structuralSharing: false,
  })
}

async function check(request: BatchRequest, signal: AbortSignal): Promise<Check> {
  let whole: Check | undefined
  for (let from = 0; from < request.topics.length; from += CHUNK) {
    const found = await checkChunk(request, from, signal)
    whole = whole ? sum(whole, found) : found
  }
  if (!whole) throw new Error('There is nothing to check.')
  return whole
}

async function checkChunk(request: BatchRequest, from: number, signal: AbortSignal): Promise<Check> {
  const { projectId, title, topics, defaults, options } = request
  const found = await call(
    api.POST('/batches', {
      params: { query: { dry_run: true, position: from + 1 } },
      body: {
        project_id: projectId,
        title,
        defaults,
        options,
        topics: topics.slice(from, from + CHUNK).map(({ topic }) => topic),
      },
      signal,
    }),
  )
  if (!('problems' in found)) throw new Error('The dry run has made a batch.')
  return {
    problems: found.problems.map((each) => ({ ...each, row: each.row === null ? null : each.row + from })),
    jobCount: found.job_count,
    seconds: found.estimate.seconds,
    cost: found.estimate.cost,
    basis: found.estimate.basis,
  }
}

function sum(a: Check, b: Check): Check {
  const isOfAll = (problem: Schemas['RowError']) => problem.row === null
  return {
    // What concerns all is found in every chunk.
    problems: [...a.problems, ...b.problems.filter((each) => !isOfAll(each))],
    jobCount: a.jobCount + b.jobCount,
    seconds: a.seconds === null || b.seconds === null ? null : a.seconds + b.seconds,
    cost: {
      ...a.cost,
      amount: a.cost.amount === null || b.cost.amount === null ? null : a.cost.amount + b.cost.amount,
    },
    basis: a.basis,
  }
}
