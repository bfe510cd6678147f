-- Jobs: one video each. Partitioned by the month in their id.

create table public.generation_jobs (
  id uuid not null default private.uuid_v7(),
  tenant_id uuid not null,
  project_id uuid not null,
  batch_id uuid not null,
  position int not null check (position > 0),
  job_type text not null default 'single' check (job_type in (
    'single', 'batch', 'script_generation', 'video_generation', 'audio_generation', 'platform_adaptation'
  )),
  status text not null default 'pending'
  check (status in ('pending', 'processing', 'completed', 'failed', 'cancelled')),
  lane text not null default 'standard' check (lane in ('urgent', 'premium', 'standard')),
  topic text not null,
  platforms text[] not null default '{}',
  params jsonb not null default '{}' check (jsonb_typeof(params) = 'object'),
  generation int not null default 1 check (generation > 0),
  stage text,
  progress int not null default 0 check (progress between 0 and 100),
  total_steps int not null default 5,
  current_step int not null default 0 check (current_step between 0 and total_steps),
  error_code text,
  error_message text,
  next_step text,
  result_data jsonb,
  paused_at timestamptz,
  paused_by uuid references auth.users (id) on delete set null,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  started_at timestamptz,
  completed_at timestamptz,
  blocked_at timestamptz,
  blocked_reason text,
  deadline timestamptz,
  is_late boolean not null default false,
  pause_after text
  check (pause_after in ('script_generation', 'audio_generation', 'video_generation', 'platform_adaptation')),
  paused_after text
  check (paused_after in ('script_generation', 'audio_generation', 'video_generation', 'platform_adaptation')),
  primary key (id),
  unique (tenant_id, id),
  foreign key (tenant_id, project_id) references public.projects (tenant_id, id) on delete cascade,
  foreign key (tenant_id, batch_id) references public.batches (tenant_id, id) on delete cascade,
  constraint generation_jobs_started_has_started_at check (status in ('pending', 'cancelled') or started_at is not null),
  constraint generation_jobs_ended_has_completed_at
  check ((status in ('completed', 'failed', 'cancelled')) = (completed_at is not null)),
  constraint generation_jobs_failed_has_error check (status <> 'failed' or error_message is not null),
  constraint generation_jobs_paused_by_needs_paused_at check (paused_by is null or paused_at is not null),
  constraint generation_jobs_paused_after_needs_paused_at check (paused_after is null or paused_at is not null)
) partition by range (id);
comment on table public.generation_jobs is 'One video: a topic on its way to a package for each platform asked for.';
comment on column public.generation_jobs.status is
  'pending: nothing started; processing: some task started; completed: every platform has its validated package; '
  'failed: at least one has none and nothing more can run; cancelled: withdrawn. Paused is paused_at, not a status.';
comment on column public.generation_jobs.position is 'Place in its batch, from 1.';
comment on column public.generation_jobs.params is 'brief, audience, tone, script_type, language, duration_s, voice, images.';
comment on column public.generation_jobs.generation is 'Counts retries of the job from 1; progress never goes back within one.';
comment on column public.generation_jobs.current_step is 'How many of the stages are done.';
comment on column public.generation_jobs.result_data is 'Per platform what there is and what is missing, once the job has ended.';
comment on column public.generation_jobs.blocked_at is 'Nothing of it is released while it waits for other jobs of its batch: since when it does.';
comment on column public.generation_jobs.blocked_reason is 'What it waits for, or why it waits in vain, for people.';
comment on column public.generation_jobs.deadline is 'When it must have ended; params.on_deadline says what happens otherwise.';
comment on column public.generation_jobs.is_late is 'Its deadline has passed before it had ended.';
comment on column public.generation_jobs.pause_after is
  'The stage after which it will pause by itself, to be looked at; null for none, and once it has.';
comment on column public.generation_jobs.paused_after is
  'The stage after which it has paused by itself and waits to be looked at; null again once it goes on.';
create index generation_jobs_tenant_id_batch_id on public.generation_jobs (tenant_id, batch_id, position);
create index generation_jobs_tenant_id_project_id on public.generation_jobs (tenant_id, project_id, id);
create index generation_jobs_tenant_id_status on public.generation_jobs (tenant_id, status, id);
create index generation_jobs_result_data on public.generation_jobs using gin (result_data jsonb_path_ops);
create index generation_jobs_library_items on public.generation_jobs
using gin ((params -> 'library_items') jsonb_path_ops) where params ? 'library_items';
create index generation_jobs_paused_after on public.generation_jobs (tenant_id, batch_id, id) where paused_after is not null;
-- Whether the last one of a batch has paused is looked up here.
create index generation_jobs_pause_after on public.generation_jobs (tenant_id, batch_id, id)
where pause_after is not null and completed_at is null;
create index generation_jobs_paused_by on public.generation_jobs (paused_by) where paused_by is not null;

alter table public.generation_jobs enable row level security;
create policy "Members read their tenant's jobs" on public.generation_jobs
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.generation_jobs to authenticated;
grant select, insert, update, delete on public.generation_jobs to service_role;
