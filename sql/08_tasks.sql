-- Tasks and attempts: the work of a job. Partitioned by the job's id, so a month of jobs and of its tasks is one slice.

create table public.stage_tasks (
  job_id uuid not null,
  id uuid not null default private.uuid_v7(),
  tenant_id uuid not null,
  project_id uuid not null,
  batch_id uuid not null,
  stage text not null check (stage in (
    'script_generation', 'audio_generation', 'video_generation', 'platform_adaptation', 'post_processing'
  )),
  scene_number int check (scene_number > 0),
  aspect text,
  width int,
  height int,
  platform text references public.platforms (platform),
  position int not null default 0,
  lane text not null,
  needs uuid[] not null default '{}',
  status text not null default 'pending' check (status in (
    'blocked', 'pending', 'queued', 'processing', 'completed', 'failed', 'cancelled'
  )),
  generation int not null default 1,
  progress int not null default 0 check (progress between 0 and 100),
  failure_count int not null default 0,
  lost_count int not null default 0,
  run_at timestamptz,
  held_at timestamptz,
  awaits_key text,
  is_waiting boolean not null generated always as (
    status = 'pending' and run_at is null and held_at is null and awaits_key is null
  ) stored,
  entry_id bigint,
  attempt_id uuid,
  worker_id uuid,
  content_key text,
  is_reused boolean not null default false,
  error_code text,
  error_message text,
  next_step text,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  queued_at timestamptz,
  started_at timestamptz,
  completed_at timestamptz,
  redone_in int,
  primary key (job_id, id),
  foreign key (tenant_id, job_id) references public.generation_jobs (tenant_id, id) on delete cascade,
  constraint stage_tasks_once_per_job
  unique nulls not distinct (job_id, stage, scene_number, width, height, platform),
  constraint stage_tasks_queued_has_entry check (status <> 'queued' or (entry_id is not null and queued_at is not null)),
  constraint stage_tasks_processing_has_attempt
  check ((status = 'processing') <= (attempt_id is not null and worker_id is not null and started_at is not null)),
  constraint stage_tasks_ended_has_completed_at
  check ((status in ('completed', 'failed', 'cancelled')) = (completed_at is not null)),
  constraint stage_tasks_completed_has_key check (status <> 'completed' or content_key is not null),
  constraint stage_tasks_failed_has_error check (status <> 'failed' or (error_code is not null and error_message is not null)),
  constraint stage_tasks_only_pending_waits
  check (status = 'pending' or (run_at is null and held_at is null and awaits_key is null))
) partition by range (job_id);
comment on table public.stage_tasks is 'One stage of one job, for one scene or one platform where the stage fans out.';
comment on column public.stage_tasks.status is
  'blocked: waits for tasks it needs; pending: may run; queued: released to the queue; processing: a worker has it; '
  'completed; failed: for good, a dead letter; cancelled: withdrawn.';
comment on column public.stage_tasks.needs is 'Tasks of the same job that must be completed first.';
comment on column public.stage_tasks.run_at is 'Pending, but not before this moment: the end of a backoff.';
comment on column public.stage_tasks.held_at is 'Pending, but held back because its job is paused, will pause before this stage, or waits for other jobs.';
comment on column public.stage_tasks.awaits_key is 'Pending until the artifact of this key, which another task is computing, is there.';
comment on column public.stage_tasks.is_waiting is 'Whether it may be released now, as far as it itself is concerned.';
comment on column public.stage_tasks.entry_id is 'Its entry in the queue library, while queued or processing.';
comment on column public.stage_tasks.attempt_id is
  'The fencing token: only this attempt may report, complete or fail the task. Kept by a completed task.';
comment on column public.stage_tasks.failure_count is 'Attempts of this generation that raised an error.';
comment on column public.stage_tasks.lost_count is 'Attempts of this generation whose worker died.';
comment on column public.stage_tasks.redone_in is
  'The generation of its job in which somebody asked for another result than the one there was. Part of its content key, so that the old result is not found again.';
comment on column public.stage_tasks.is_reused is 'Whether the result was there already and nothing was computed.';
create index stage_tasks_tenant_id_job_id on public.stage_tasks (tenant_id, job_id);
create index stage_tasks_waiting on public.stage_tasks (batch_id, stage, lane, job_id, position) where is_waiting;
create index stage_tasks_backing_off on public.stage_tasks (run_at) where run_at is not null;
create index stage_tasks_awaits_key on public.stage_tasks (tenant_id, awaits_key) where awaits_key is not null;
create index stage_tasks_active on public.stage_tasks (stage) where status in ('queued', 'processing');
create index stage_tasks_worker_id on public.stage_tasks (worker_id) where status = 'processing';
create index stage_tasks_failed on public.stage_tasks (tenant_id, error_code) where status = 'failed';
create index stage_tasks_platform on public.stage_tasks (platform) where platform is not null;

create table public.task_attempts (
  job_id uuid not null,
  id uuid not null default private.uuid_v7(),
  task_id uuid not null,
  tenant_id uuid not null,
  generation int not null,
  number int not null,
  status text not null default 'processing'
  check (status in ('processing', 'completed', 'failed', 'lost', 'handed_back', 'cancelled')),
  worker_id uuid not null,
  host text not null default '',
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  error_code text,
  error_message text,
  next_step text,
  is_retriable boolean,
  timings jsonb not null default '{}' check (jsonb_typeof(timings) = 'object'),
  cost numeric(18, 9),
  currency text,
  primary key (job_id, id),
  foreign key (tenant_id, job_id) references public.generation_jobs (tenant_id, id) on delete cascade,
  foreign key (job_id, task_id) references public.stage_tasks (job_id, id) on delete cascade,
  constraint task_attempts_ended_has_finished_at check ((status = 'processing') = (finished_at is null)),
  constraint task_attempts_failed_has_error check (status <> 'failed' or error_code is not null)
) partition by range (job_id);
comment on table public.task_attempts is 'One try of a task: who, when, how it ended. Its id is the fencing token.';
comment on column public.task_attempts.status is
  'processing: running; completed; failed: raised an error; lost: its worker died; handed_back: its worker was stopped; cancelled.';
comment on column public.task_attempts.timings is 'Milliseconds by name, like fetch_ms, run_ms, store_ms, and peak_memory_bytes.';
comment on column public.task_attempts.cost is 'What was paid for it, whether or not it completed; null for nothing.';
create index task_attempts_job_id_task_id on public.task_attempts (job_id, task_id);
create index task_attempts_tenant_id_job_id on public.task_attempts (tenant_id, job_id);

alter table public.stage_tasks enable row level security;
create policy "Members read their tenant's tasks" on public.stage_tasks
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.stage_tasks to authenticated;
grant select, insert, update, delete on public.stage_tasks to service_role;

alter table public.task_attempts enable row level security;
create policy "Members read their tenant's attempts" on public.task_attempts
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.task_attempts to authenticated;
grant select, insert, update, delete on public.task_attempts to service_role;
