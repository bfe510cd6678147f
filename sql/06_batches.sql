-- Batches: one submission of topics. Counters are kept by the roll-up triggers and equal a recount at every commit.

create table public.batches (
  id uuid primary key default private.uuid_v7(),
  tenant_id uuid not null,
  project_id uuid not null,
  number bigint not null,
  title text not null default '' check (length(title) <= 200),
  status text not null default 'pending'
  check (status in ('pending', 'processing', 'completed', 'partial', 'failed', 'cancelled')),
  options jsonb not null default '{}' check (jsonb_typeof(options) = 'object'),
  max_concurrent_tasks int check (max_concurrent_tasks > 0),
  job_count int not null default 0,
  pending_count int not null default 0 check (pending_count >= 0),
  processing_count int not null default 0 check (processing_count >= 0),
  completed_count int not null default 0 check (completed_count >= 0),
  failed_count int not null default 0 check (failed_count >= 0),
  cancelled_count int not null default 0 check (cancelled_count >= 0),
  progress_sum bigint not null default 0,
  progress int not null generated always as (case when job_count = 0 then 0 else progress_sum / job_count end) stored,
  paused_at timestamptz,
  paused_by uuid references auth.users (id) on delete set null,
  version bigint not null default 1,
  created_by uuid references auth.users (id) on delete set null,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  completed_at timestamptz,
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  starts_at timestamptz,
  deadline timestamptz,
  is_late boolean not null default false,
  blocked_at timestamptz,
  blocked_reason text,
  is_filling boolean not null default false,
  waiting_at timestamptz,
  unique (tenant_id, id),
  unique (tenant_id, number),
  foreign key (tenant_id, project_id) references public.projects (tenant_id, id) on delete cascade,
  constraint batches_counts_add_up
  check (job_count = pending_count + processing_count + completed_count + failed_count + cancelled_count),
  constraint batches_started_has_started_at check (status in ('pending', 'cancelled') or started_at is not null),
  constraint batches_ended_has_completed_at
  check ((status in ('completed', 'partial', 'failed', 'cancelled')) = (completed_at is not null)),
  constraint batches_paused_by_needs_paused_at check (paused_by is null or paused_at is not null)
);
comment on table public.batches is 'One submission of topics: as many jobs, started, watched and ended together.';
comment on column public.batches.number is 'Short name for people, counted per tenant.';
comment on column public.batches.status is
  'pending: nothing started; processing: some started; completed: all jobs completed; partial: ended with some failed; '
  'failed: ended with all failed; cancelled: ended by withdrawal, none failed. Paused is paused_at, not a status.';
comment on column public.batches.starts_at is 'Nothing of it is released before; null once that moment has come.';
comment on column public.batches.deadline is 'When it must have ended; options.on_deadline says what happens otherwise.';
comment on column public.batches.is_late is 'Its deadline has passed before it had ended.';
comment on column public.batches.blocked_at is 'Nothing of it is released while it waits for other batches or jobs: since when it does.';
comment on column public.batches.blocked_reason is 'What it waits for, or why it waits in vain, for people.';
comment on column public.batches.is_filling is 'More topics are to come, by append_topics; until then it does not end.';
comment on column public.batches.waiting_at is
  'When the last of its jobs that are to be looked at had paused for it (pause_after); it stays when they go on.';
comment on column public.batches.progress_sum is 'Sum of the jobs'' progress; progress is its average.';
create index batches_tenant_id_created_at on public.batches (tenant_id, created_at desc);
create index batches_tenant_id_project_id on public.batches (tenant_id, project_id);
create index batches_created_by on public.batches (created_by);
create index batches_paused_by on public.batches (paused_by);

create table public.idempotency_keys (
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  key text not null check (length(key) between 1 and 200),
  request_hash text not null,
  batch_id uuid,
  created_at timestamptz not null default now(),
  primary key (tenant_id, key),
  foreign key (tenant_id, batch_id) references public.batches (tenant_id, id) on delete cascade
);
comment on table public.idempotency_keys is
  'Keys already used by a request, so that the same request sent twice is carried out once. Unpartitioned, because a key is unique across months.';
comment on column public.idempotency_keys.request_hash is 'sha256 of the request: the same key with another request is refused.';
create index idempotency_keys_tenant_id_batch_id on public.idempotency_keys (tenant_id, batch_id);

alter table public.batches enable row level security;
create policy "Members read their tenant's batches" on public.batches
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.batches to authenticated;
grant select, insert, update, delete on public.batches to service_role;

alter table public.idempotency_keys enable row level security;
create policy "Members read their tenant's used keys" on public.idempotency_keys
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.idempotency_keys to authenticated;
grant select, insert, update, delete on public.idempotency_keys to service_role;

alter publication supabase_realtime add table public.projects, public.batches;
