-- What happened, what is to be told, and what older ids became.

create table public.job_events (
  job_id uuid not null,
  id uuid not null default private.uuid_v7(),
  tenant_id uuid not null,
  project_id uuid not null,
  batch_id uuid not null,
  task_id uuid,
  stage text,
  status text not null,
  progress int not null default 0,
  current_step int not null default 0,
  total_steps int not null default 0,
  retries int not null default 0,
  error_code text,
  error_message text,
  created_at timestamptz not null default now(),
  action text check (action in ('pause', 'review', 'resume')),
  user_id uuid,
  primary key (job_id, id)
) partition by range (job_id);
comment on table public.job_events is
  'Every change of state of jobs and tasks, and every pause of jobs, append-only. Without foreign keys, so that it outlives what it tells of.';
comment on column public.job_events.status is 'What the task, or the job, has become: a status of stage_tasks or generation_jobs.';
comment on column public.job_events.task_id is 'Null where the event is the job''s own.';
comment on column public.job_events.action is
  'What was done to a job that has not ended: paused, paused by itself to be looked at after the stage, or resumed. Null for a change of status alone.';
comment on column public.job_events.user_id is 'Who did that; null for operators, and of what it did by itself.';
create index job_events_tenant_id_batch_id on public.job_events (tenant_id, batch_id, id);

create table public.realtime_outbox (
  id bigint generated always as identity primary key,
  tenant_id uuid not null,
  project_id uuid,
  batch_id uuid,
  scopes uuid [] not null,
  entity text not null check (entity in ('tenant', 'project', 'batch', 'job')),
  ids uuid [],
  xact_id xid8 not null default pg_current_xact_id(),
  created_at timestamptz not null default now()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
comment on table public.realtime_outbox is
  'Marks: what a statement changed and followers of live topics are still to be told. Names, never payloads: a sender reads the rows as they are '
  'then. Without foreign keys, because it must stand in nobody''s way.';
comment on column public.realtime_outbox.scopes is 'Tenant, project and batch whose topics are still to be told; a mark goes when none is left.';
comment on column public.realtime_outbox.entity is 'What ids names. A job stands for its tasks, its events and its batch too, as far as they have changed.';
comment on column public.realtime_outbox.ids is 'Null where there are too many to name, or rows are gone.';
comment on column public.realtime_outbox.xact_id is 'The transaction that made the mark, which may tell of it itself.';
comment on column public.realtime_outbox.created_at is 'When that transaction began: what it changed bears the same time.';
create index realtime_outbox_tenant_id on public.realtime_outbox (tenant_id);

create table public.feature_flags (
  id uuid primary key default private.uuid_v7(),
  name text not null check (name ~ '^[a-z][a-z0-9_]*$'),
  tenant_id uuid references public.tenants (id) on delete cascade,
  is_enabled boolean not null default false,
  note text not null default '',
  updated_at timestamptz not null default now(),
  unique nulls not distinct (name, tenant_id)
);
comment on table public.feature_flags is 'Switches, for all (tenant_id null) or for one tenant, which then wins.';
create index feature_flags_tenant_id on public.feature_flags (tenant_id);

create table public.legacy_ids (
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  entity text not null,
  legacy_id text not null,
  id uuid not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, entity, legacy_id)
);
comment on table public.legacy_ids is 'Ids of the system that was extended, which stay valid in the API, and the ids the rows have here.';
create index legacy_ids_id on public.legacy_ids (tenant_id, id);

alter table public.job_events enable row level security;
create policy "Members read their tenant's events" on public.job_events
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.job_events to authenticated;
grant select, insert on public.job_events to service_role;

alter table public.realtime_outbox enable row level security;
create policy "Nobody reads the outbox through the API" on public.realtime_outbox
for select to authenticated using (false);
grant select, insert, delete on public.realtime_outbox to service_role;

alter table public.feature_flags enable row level security;
create policy "Members read the flags of all and of their tenant" on public.feature_flags
for select to authenticated using (tenant_id is null or tenant_id = (select private.tenant_id()));
grant select on public.feature_flags to authenticated;
grant select, insert, update, delete on public.feature_flags to service_role;

alter table public.legacy_ids enable row level security;
create policy "Members read their tenant's older ids" on public.legacy_ids
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.legacy_ids to authenticated;
grant select, insert, update, delete on public.legacy_ids to service_role;
