/** What live messages carry: columns of the database's rows. A column that is renamed there does not compile here. */

import type { Database } from '@/types/database'

type Tables = Database['public']['Tables']
type Columns<Table extends keyof Tables, Names extends keyof Tables[Table]['Row']> = Pick<
  Tables[Table]['Row'],
  Names
>
/** Long texts and bookkeeping are left out of a row, and its `updated_at` is called `timestamp`. */
type Told<Table extends keyof Tables, Names extends keyof Tables[Table]['Row']> = Columns<Table, Names> & {
  timestamp: string
}

interface LiveRows {
  projects: Told<'projects', 'id' | 'name' | 'status' | 'max_concurrent_tasks' | 'paused_at' | 'version'>
  batches: Told<
    'batches',
    | 'id'
    | 'title'
    | 'status'
    | 'progress'
    | 'job_count'
    | 'pending_count'
    | 'processing_count'
    | 'completed_count'
    | 'failed_count'
    | 'cancelled_count'
    | 'paused_at'
    | 'starts_at'
    | 'deadline'
    | 'is_late'
    | 'blocked_at'
    | 'waiting_at'
    | 'version'
  >
  jobs: Told<
    'generation_jobs',
    | 'id'
    | 'batch_id'
    | 'position'
    | 'lane'
    | 'stage'
    | 'status'
    | 'progress'
    | 'error_code'
    | 'error_message'
    | 'next_step'
    | 'paused_at'
    | 'pause_after'
    | 'paused_after'
    | 'blocked_at'
    | 'version'
  >
  tasks: Told<'stage_tasks', 'id' | 'job_id' | 'stage' | 'status' | 'progress' | 'is_reused' | 'version'>
}

export type LiveEvent = Told<
  'job_events',
  | 'id'
  | 'job_id'
  | 'project_id'
  | 'batch_id'
  | 'task_id'
  | 'stage'
  | 'status'
  | 'error_code'
  | 'error_message'
>

type LiveTenant = Told<'tenants', 'id' | 'epoch' | 'paused_at'>

/** A message on a private channel: `seq` follows `prev_seq`, or something was missed. */
export type LiveMessage = {
  readonly seq: number
  readonly prev_seq: number
  /** In the last message of an epoch: the one that begins. */
  readonly epoch?: number
  readonly events?: readonly LiveEvent[]
  readonly tenants?: readonly LiveTenant[]
} & { readonly [Kind in keyof LiveRows]?: readonly LiveRows[Kind][] }
