-- Live channels: marks of changes, messages to followers, and what changed since a moment.

-- Nothing was ever written to it.
drop table public.realtime_outbox;
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

alter table public.realtime_outbox enable row level security;
create policy "Nobody reads the outbox through the API" on public.realtime_outbox
for select to authenticated using (false);
grant select, insert, delete on public.realtime_outbox to service_role;

alter table private.settings
add column live_interval interval not null default '250 milliseconds' check (live_interval > '0'),
add column live_messages_per_s int not null default 30 check (live_messages_per_s between 2 and 100000),
add column live_max_bytes int not null default 200000 check (live_max_bytes > 1000),
add column live_max_rows int not null default 500 check (live_max_rows > 0),
add column live_keep_for interval not null default '5 minutes' check (live_keep_for > '0');
comment on column private.settings.live_interval is 'Shortest time between two messages on one live topic.';
comment on column private.settings.live_messages_per_s is
  'Most live messages a second on all topics together. Hosted projects count each delivery, 100 a second on the free plan: so this leaves room for followers.';
comment on column private.settings.live_max_bytes is 'A longer live message becomes a resync.';
comment on column private.settings.live_max_rows is 'A live message of more rows becomes a resync, before anybody puts it together.';
comment on column private.settings.live_keep_for is 'Changes that could not be told for this long become a resync of their topics.';

-- Live channels: which topics there are, who may follow them, and what each has been sent.
--
--   tenant:{id}:{epoch}     summaries: batches, projects, the tenant itself
--   project:{id}:{epoch}    batches, jobs, tasks and events of a project
--   batch:{id}:{epoch}      the same of one batch
--
-- The epoch is the tenant's. A removal raises it, so that whoever was removed stays behind on topics that nobody
-- sends to, although Realtime asks for the right to follow only when a channel is joined or a token refreshed.

create function private.may_follow(p_topic text)
returns boolean
language sql
stable
set search_path = ''
as $$
  select exists (
    select
    from regexp_match(p_topic, '^(tenant|project|batch):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):([0-9]{1,9})$') as m (part)
    join public.tenants as t on t.id = (select private.tenant_id()) and t.epoch = m.part[3]::int
    where case m.part[1]
      when 'tenant' then t.id = m.part[2]::uuid
      when 'project' then exists (select from public.projects as p where p.id = m.part[2]::uuid and p.tenant_id = t.id)
      else exists (select from public.batches as b where b.id = m.part[2]::uuid and b.tenant_id = t.id)
    end
  )
$$;
comment on function private.may_follow(text) is
  'Whether the caller may follow a live topic: one of its tenant, as it is a member now, and of the present epoch. Any other text is refused.';
grant execute on function private.may_follow(text) to authenticated, service_role;

create table private.live_topics (
  scope_id uuid primary key,
  scope text not null check (scope in ('tenant', 'project', 'batch')),
  tenant_id uuid not null,
  seq bigint not null default 0,
  sent_at timestamptz not null default '-infinity',
  must_resync boolean not null default false,
  failure_count bigint not null default 0,
  failed_at timestamptz,
  last_error text
) with (fillfactor = 50);
comment on table private.live_topics is
  'What the live topic of a tenant, project or batch has been sent. Its row is the lock of the topic: nobody waits for it, who finds it taken leaves '
  'the changes to the next flush.';
comment on column private.live_topics.seq is 'Number of its last message. Goes on over epochs, so that no number comes twice.';
comment on column private.live_topics.sent_at is 'When that was sent, or was to be sent and failed.';
comment on column private.live_topics.must_resync is 'Changes were dropped that nobody was told: the next message asks all followers to fetch.';
comment on column private.live_topics.failure_count is 'Messages that could not be sent. What they told of is kept, and sent later.';
comment on column private.live_topics.last_error is 'Why; Realtime itself says so only in the log of the database.';
create index live_topics_tenant_id on private.live_topics (tenant_id);
create index live_topics_must_resync on private.live_topics (scope_id) where must_resync;

create table private.live_tickets (
  number int primary key check (number > 0),
  used_at timestamptz not null default '-infinity'
) with (fillfactor = 50);
comment on table private.live_tickets is
  'As many as there may be messages a second on all topics together. Each may be used once a second, so that the sum is exact and nobody waits for anybody.';
insert into private.live_tickets (number) select generate_series(1, live_messages_per_s) from private.settings;

create function private.take_ticket(p_last int)
returns int
language plpgsql
set search_path = ''
as $$
begin
  return (
    select t.number from private.live_tickets as t
    where t.number <= p_last and t.used_at <= clock_timestamp() - interval '1 second'
    order by t.number
    limit 1
    for update skip locked
  );
end
$$;
comment on function private.take_ticket(int) is
  'A ticket up to this number that may be used now, locked until whoever has it has sent its message; null when there is none.';

create function private.fit_tickets()
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_wanted int := (select s.live_messages_per_s from private.settings as s);
begin
  if v_wanted is distinct from (select max(t.number) from private.live_tickets as t) then
    delete from private.live_tickets where number > v_wanted;
    insert into private.live_tickets (number) select generate_series(1, v_wanted) on conflict (number) do nothing;
  end if;
end
$$;
comment on function private.fit_tickets() is 'Makes as many tickets as private.settings.live_messages_per_s says.';

create function private.take_topic(p_scope text, p_scope_id uuid, p_tenant_id uuid)
returns private.live_topics
language plpgsql
set search_path = ''
as $$
declare
  v_topic private.live_topics;
begin
  select * into v_topic from private.live_topics where scope_id = p_scope_id for update skip locked;
  -- Two that insert the same row would wait for each other, so only one of them may try.
  if not found and pg_try_advisory_xact_lock(hashtextextended(p_scope_id::text, 0)) then
    insert into private.live_topics (scope_id, scope, tenant_id) values (p_scope_id, p_scope, p_tenant_id)
    on conflict (scope_id) do nothing
    returning * into v_topic;
  end if;
  return v_topic;
end
$$;
comment on function private.take_topic(text, uuid, uuid) is 'The state of a topic, locked; null when somebody else is sending on it. Never waits.';

create function private.forget_topic()
returns trigger
language plpgsql
-- definer: whoever may delete the scope may not write the state of topics.
security definer
set search_path = ''
as $$
begin
  delete from private.live_topics where scope_id = old.id;
  return null;
end
$$;
comment on function private.forget_topic() is 'Removes the state of the topic of a scope that is gone.';
create trigger forget_topic after delete on public.tenants for each row execute function private.forget_topic();
create trigger forget_topic after delete on public.projects for each row execute function private.forget_topic();
create trigger forget_topic after delete on public.batches for each row execute function private.forget_topic();

-- Marks of changes, made by every statement that changes something followers see. One mark names the jobs that a statement
-- changed in one batch, or whose tasks; more than 200 it does not name, and followers fetch them.
--
--   generation_jobs, stage_tasks ──> batch, project, tenant       batches ──> batch, project, tenant
--   projects ──────────────────────> project, tenant              tenants ──> tenant
--
-- Statements of triggers leave no mark, because the statement that fired them has left one: roll-ups, unlocked tasks and
-- events belong to jobs that are marked already, and what goes with a batch goes with its mark. So a trigger that changes
-- jobs of its own choice would have to mark them itself.

create function private.mark_batches()
returns trigger
language plpgsql
-- definer: callers may not write the outbox.
security definer
set search_path = ''
as $$
begin
  insert into public.realtime_outbox (tenant_id, project_id, batch_id, scopes, entity, ids)
  select n.tenant_id, n.project_id, n.id, array[n.id, n.project_id, n.tenant_id], 'batch', array[n.id] from new_rows as n;
  return null;
end
$$;
comment on function private.mark_batches() is 'Marks batches that were made or changed.';

create function private.mark_jobs()
returns trigger
language plpgsql
-- definer: callers may not write the outbox.
security definer
set search_path = ''
as $$
begin
  insert into public.realtime_outbox (tenant_id, project_id, batch_id, scopes, entity, ids)
  select n.tenant_id, n.project_id, n.batch_id, array[n.batch_id, n.project_id, n.tenant_id], 'job',
    case when count(*) <= 200 then array_agg(n.id) end
  from new_rows as n
  group by n.tenant_id, n.project_id, n.batch_id;
  return null;
end
$$;
comment on function private.mark_jobs() is 'Marks jobs that were made or changed.';

create function private.mark_tasks()
returns trigger
language plpgsql
-- definer: callers may not write the outbox.
security definer
set search_path = ''
as $$
begin
  insert into public.realtime_outbox (tenant_id, project_id, batch_id, scopes, entity, ids)
  select n.tenant_id, n.project_id, n.batch_id, array[n.batch_id, n.project_id, n.tenant_id], 'job',
    case when count(distinct n.job_id) <= 200 then array_agg(distinct n.job_id) end
  from new_rows as n
  group by n.tenant_id, n.project_id, n.batch_id;
  return null;
end
$$;
comment on function private.mark_tasks() is 'Marks the jobs of tasks that were made or changed.';

create function private.mark_removed_jobs()
returns trigger
language plpgsql
-- definer: callers may not write the outbox.
security definer
set search_path = ''
as $$
begin
  insert into public.realtime_outbox (tenant_id, project_id, batch_id, scopes, entity, ids)
  select o.tenant_id, o.project_id, o.batch_id, m.scopes, m.entity, m.ids
  from (select distinct r.tenant_id, r.project_id, r.batch_id from old_rows as r) as o
  cross join lateral (
    values (array[o.batch_id, o.project_id], 'job', null), (array[o.tenant_id], 'batch', array[o.batch_id])
  ) as m (scopes, entity, ids);
  return null;
end
$$;
comment on function private.mark_removed_jobs() is
  'Jobs and tasks that are gone have no row that could be sent: followers are to fetch, those of the tenant their batch alone.';

create function private.mark_removed_batches()
returns trigger
language plpgsql
-- definer: callers may not write the outbox.
security definer
set search_path = ''
as $$
begin
  insert into public.realtime_outbox (tenant_id, project_id, scopes, entity)
  select distinct o.tenant_id, o.project_id, array[o.project_id, o.tenant_id], 'batch' from old_rows as o;
  return null;
end
$$;
comment on function private.mark_removed_batches() is 'Batches that are gone have no row that could be sent: followers are to fetch.';

create function private.mark_project()
returns trigger
language plpgsql
-- definer: callers may not write the outbox.
security definer
set search_path = ''
as $$
begin
  insert into public.realtime_outbox (tenant_id, project_id, scopes, entity, ids)
  values (new.tenant_id, new.id, array[new.id, new.tenant_id], 'project', array[new.id]);
  return null;
end
$$;
comment on function private.mark_project() is 'Marks a project that was made or changed.';

create function private.mark_removed_project()
returns trigger
language plpgsql
-- definer: callers may not write the outbox.
security definer
set search_path = ''
as $$
begin
  insert into public.realtime_outbox (tenant_id, project_id, scopes, entity)
  values (old.tenant_id, old.id, array[old.id, old.tenant_id], 'project');
  return null;
end
$$;
comment on function private.mark_removed_project() is 'A project that is gone has no row that could be sent: followers are to fetch.';

create function private.mark_tenant()
returns trigger
language plpgsql
-- definer: callers may not write the outbox.
security definer
set search_path = ''
as $$
begin
  insert into public.realtime_outbox (tenant_id, scopes, entity, ids) values (new.id, array[new.id], 'tenant', array[new.id]);
  return null;
end
$$;
comment on function private.mark_tenant() is 'Marks a tenant that was changed.';

create trigger mark_inserted after insert on public.batches
referencing new table as new_rows for each statement when (pg_trigger_depth() = 0) execute function private.mark_batches();
create trigger mark_updated after update on public.batches
referencing new table as new_rows for each statement when (pg_trigger_depth() = 0) execute function private.mark_batches();
create trigger mark_deleted after delete on public.batches
referencing old table as old_rows for each statement when (pg_trigger_depth() = 0) execute function private.mark_removed_batches();
create trigger mark_inserted after insert on public.generation_jobs
referencing new table as new_rows for each statement when (pg_trigger_depth() = 0) execute function private.mark_jobs();
create trigger mark_updated after update on public.generation_jobs
referencing new table as new_rows for each statement when (pg_trigger_depth() = 0) execute function private.mark_jobs();
create trigger mark_deleted after delete on public.generation_jobs
referencing old table as old_rows for each statement when (pg_trigger_depth() = 0) execute function private.mark_removed_jobs();
create trigger mark_inserted after insert on public.stage_tasks
referencing new table as new_rows for each statement when (pg_trigger_depth() = 0) execute function private.mark_tasks();
create trigger mark_updated after update on public.stage_tasks
referencing new table as new_rows for each statement when (pg_trigger_depth() = 0) execute function private.mark_tasks();
create trigger mark_deleted after delete on public.stage_tasks
referencing old table as old_rows for each statement when (pg_trigger_depth() = 0) execute function private.mark_removed_jobs();
create trigger mark_inserted after insert on public.projects for each row execute function private.mark_project();
create trigger mark_updated after update on public.projects for each row execute function private.mark_project();
create trigger mark_deleted after delete on public.projects for each row when (pg_trigger_depth() = 0)
execute function private.mark_removed_project();
-- Not where only a counter of the tenant goes on.
create trigger mark_updated after update on public.tenants for each row when (
  (new.name, new.plan, new.max_concurrent_tasks, new.paused_at, new.epoch, new.deleted_at)
  is distinct from (old.name, old.plan, old.max_concurrent_tasks, old.paused_at, old.epoch, old.deleted_at)
) execute function private.mark_tenant();

-- What followers are told of each kind of row: whole rows, with the fields of the architecture's appendix D and what else lists
-- show, and `version`, which only grows. Internal bookkeeping and long texts are left out.

create function private.live_batch(p_batch public.batches)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'id', p_batch.id, 'project_id', p_batch.project_id, 'number', p_batch.number, 'title', p_batch.title,
    'status', p_batch.status, 'progress', p_batch.progress, 'job_count', p_batch.job_count,
    'pending_count', p_batch.pending_count, 'processing_count', p_batch.processing_count,
    'completed_count', p_batch.completed_count, 'failed_count', p_batch.failed_count,
    'cancelled_count', p_batch.cancelled_count, 'max_concurrent_tasks', p_batch.max_concurrent_tasks,
    'paused_at', p_batch.paused_at, 'created_by', p_batch.created_by, 'created_at', p_batch.created_at,
    'started_at', p_batch.started_at, 'completed_at', p_batch.completed_at, 'deleted_at', p_batch.deleted_at,
    'timestamp', p_batch.updated_at, 'version', p_batch.version);
end
$$;
comment on function private.live_batch(public.batches) is 'A batch as followers are told of it.';

create function private.live_job(p_job public.generation_jobs)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'id', p_job.id, 'job_id', p_job.id, 'project_id', p_job.project_id, 'batch_id', p_job.batch_id,
    'position', p_job.position, 'job_type', p_job.job_type, 'lane', p_job.lane, 'topic', p_job.topic,
    'platforms', p_job.platforms, 'generation', p_job.generation, 'stage', p_job.stage, 'status', p_job.status,
    'current_step', p_job.current_step, 'total_steps', p_job.total_steps, 'progress', p_job.progress,
    'error_code', p_job.error_code, 'error_message', p_job.error_message, 'next_step', p_job.next_step,
    'result_data', p_job.result_data, 'paused_at', p_job.paused_at, 'created_at', p_job.created_at,
    'started_at', p_job.started_at, 'completed_at', p_job.completed_at,
    'timestamp', p_job.updated_at, 'version', p_job.version);
end
$$;
comment on function private.live_job(public.generation_jobs) is
  'A job as followers are told of it: the progress event of the architecture''s appendix D, and the rest of what lists show.';

create function private.live_task(p_task public.stage_tasks)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'id', p_task.id, 'job_id', p_task.job_id, 'project_id', p_task.project_id, 'batch_id', p_task.batch_id,
    'stage', p_task.stage, 'scene_number', p_task.scene_number, 'aspect', p_task.aspect, 'platform', p_task.platform,
    'position', p_task.position, 'generation', p_task.generation, 'status', p_task.status, 'progress', p_task.progress,
    'retries', p_task.failure_count + p_task.lost_count, 'is_reused', p_task.is_reused, 'run_at', p_task.run_at,
    'error_code', p_task.error_code, 'error_message', p_task.error_message, 'next_step', p_task.next_step,
    'started_at', p_task.started_at, 'completed_at', p_task.completed_at,
    'timestamp', p_task.updated_at, 'version', p_task.version);
end
$$;
comment on function private.live_task(public.stage_tasks) is 'A task as followers are told of it.';

create function private.live_event(p_event public.job_events)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'id', p_event.id, 'job_id', p_event.job_id, 'project_id', p_event.project_id, 'batch_id', p_event.batch_id,
    'task_id', p_event.task_id, 'stage', p_event.stage, 'status', p_event.status, 'current_step', p_event.current_step,
    'total_steps', p_event.total_steps, 'progress', p_event.progress, 'retries', p_event.retries,
    'error_code', p_event.error_code, 'error_message', p_event.error_message, 'timestamp', p_event.created_at);
end
$$;
comment on function private.live_event(public.job_events) is
  'An event as followers are told of it, by the architecture''s appendix D. Never left out: a failure stays visible though a retry followed at once.';

create function private.live_project(p_project public.projects)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'id', p_project.id, 'name', p_project.name, 'status', p_project.status, 'owner_id', p_project.owner_id,
    'max_concurrent_tasks', p_project.max_concurrent_tasks, 'paused_at', p_project.paused_at,
    'created_at', p_project.created_at, 'deleted_at', p_project.deleted_at,
    'timestamp', p_project.updated_at, 'version', p_project.version);
end
$$;
comment on function private.live_project(public.projects) is 'A project as followers are told of it, without its long texts.';

create function private.live_tenant(p_tenant public.tenants)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'id', p_tenant.id, 'name', p_tenant.name, 'plan', p_tenant.plan, 'epoch', p_tenant.epoch,
    'max_concurrent_tasks', p_tenant.max_concurrent_tasks, 'paused_at', p_tenant.paused_at,
    'timestamp', p_tenant.updated_at);
end
$$;
comment on function private.live_tenant(public.tenants) is 'A tenant as followers are told of it.';

create function private.changed_by_marks(p_scope_id uuid, p_mark_ids bigint [])
returns table (name text, id uuid, told jsonb)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  -- Whatever a marked transaction changed bears its time. Rows are looked up one by one: a join might be planned to read
  -- whole tables.
  return query
  with mark as materialized (
    select o.* from public.realtime_outbox as o where o.id = any(p_mark_ids) and p_scope_id = any(o.scopes)
  ), batch as materialized (
    select m.batch_id as id, min(m.created_at) as since from mark as m where m.batch_id is not null group by m.batch_id
  ), job as materialized (
    select u.id, min(m.created_at) as since, array_agg(distinct m.created_at) as times
    from mark as m
    cross join unnest(m.ids) as u (id)
    where m.entity = 'job' and p_scope_id <> m.tenant_id
    group by u.id
  )
  select 'batches', r.id, private.live_batch(r)
  from batch as n cross join lateral (select * from public.batches as b where b.id = n.id and b.updated_at >= n.since offset 0) as r
  union all
  select 'jobs', r.id, private.live_job(r)
  from job as n
  cross join lateral (select * from public.generation_jobs as j where j.id = n.id and j.updated_at >= n.since offset 0) as r
  union all
  select 'tasks', r.id, private.live_task(r)
  from job as n
  cross join lateral (select * from public.stage_tasks as t where t.job_id = n.id and t.updated_at >= n.since offset 0) as r
  union all
  select 'events', r.id, private.live_event(r)
  from job as n
  cross join lateral (select * from public.job_events as e where e.job_id = n.id and e.created_at = any(n.times) offset 0) as r
  union all
  select 'projects', p.id, private.live_project(p) from public.projects as p
  where p.id in (select m.project_id from mark as m where m.entity = 'project')
  union all
  select 'tenants', t.id, private.live_tenant(t) from public.tenants as t
  where t.id in (select m.tenant_id from mark as m where m.entity = 'tenant');
end
$$;
comment on function private.changed_by_marks(uuid, bigint []) is
  'What marks name for the topic of a scope, as it is now: for the tenant''s topic batches without their jobs. What is gone is left out.';

create function private.live_rows(p_scope_id uuid, p_mark_ids bigint [])
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  v_max int := (select s.live_max_rows from private.settings as s);
begin
  if exists (
    select from public.realtime_outbox as o
    where o.id = any(p_mark_ids) and p_scope_id = any(o.scopes) and (
      case when o.entity = 'job' and p_scope_id = o.tenant_id then false else o.ids is null or cardinality(o.ids) > v_max end)
  ) then
    return null;
  end if;
  return (
    with found as materialized (
      select c.* from private.changed_by_marks(p_scope_id, p_mark_ids) as c limit v_max + 1
    )
    select case when (select count(*) from found) <= v_max then
      '{"batches": [], "jobs": [], "tasks": [], "events": []}'::jsonb || coalesce(jsonb_object_agg(l.name, l.told), '{}')
    end
    from (select f.name, jsonb_agg(f.told order by f.id) as told from found as f group by f.name) as l
  );
end
$$;
comment on function private.live_rows(uuid, bigint []) is
  'The rows of the next message on a topic, by kind; null when there are too many, or rows are gone.';

-- Messages: what followers are told, and when.
--
--   a topic that was quiet    told at the end of the transaction that changes something, by a deferred trigger
--   any other                 told by flush_live(), which workers call four times a second
--
-- At most one message every live_interval for each topic, held by the lock on its row, and live_messages_per_s for all
-- together, held by tickets. Nothing here waits for a lock, and nothing fails the transaction that it runs in.
--
-- A message is `changes`, with {seq, prev_seq, ts, batches, jobs, tasks, events} and, where they changed, projects and
-- tenants: rows as they are now, whole, the higher version the newer. Or it is `resync`, with {seq, prev_seq, ts}: fetch.

create function private.send_live(p_topic private.live_topics, p_epoch int, p_rows jsonb, p_ticket int)
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  v_at timestamptz := clock_timestamp();
  v_name text := concat_ws(':', p_topic.scope, p_topic.scope_id, p_epoch);
  v_event text := 'changes';
  v_head jsonb := jsonb_build_object('seq', p_topic.seq + 1, 'prev_seq', p_topic.seq, 'ts', v_at);
  v_payload jsonb := v_head || p_rows;
begin
  if p_rows is null or octet_length(v_payload::text) > (select s.live_max_bytes from private.settings as s) then
    v_event := 'resync';
    v_payload := v_head;
  end if;
  perform realtime.send(v_payload, v_event, v_name, true);
  -- It warns in the log where it ought to fail, so only the row itself says that it was sent.
  if exists (
    select from realtime.messages as m
    where m.inserted_at >= now()::timestamp and m.extension = 'broadcast' and m.private is true
      and m.topic = v_name and m.event = v_event and m.payload -> 'seq' = v_head -> 'seq'
  ) then
    update private.live_topics set seq = p_topic.seq + 1, sent_at = v_at, must_resync = false where scope_id = p_topic.scope_id;
    update private.live_tickets set used_at = v_at where number = p_ticket;
    return true;
  end if;
  perform private.note_failure(p_topic.scope_id, 'realtime.send stored no message; the log of the database says why.');
  return false;
end
$$;
comment on function private.send_live(private.live_topics, int, jsonb, int) is
  'Sends a topic, whose row is locked, its next message, and uses the ticket up: these rows, or a resync where there are none or too many bytes. '
  'False when it was not stored.';

create function private.note_failure(p_scope_id uuid, p_error text)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update private.live_topics
  set failure_count = failure_count + 1, failed_at = clock_timestamp(), sent_at = clock_timestamp(), last_error = p_error
  where scope_id = p_scope_id;
end
$$;
comment on function private.note_failure(uuid, text) is
  'Keeps, for operators, that a message could not be sent. The topic tries again after its interval, with all that waits by then.';

create function private.tell(p_scope text, p_scope_id uuid, p_tenant_id uuid, p_epoch int, p_mark_ids bigint [], p_last_ticket int)
returns text
language plpgsql
set search_path = ''
-- So are the times in messages, whoever sends them, and those by which Realtime keeps them.
set timezone = 'UTC'
as $$
declare
  v_topic private.live_topics := private.take_topic(p_scope, p_scope_id, p_tenant_id);
  v_ticket int;
  v_rows jsonb;
begin
  if v_topic.scope_id is null
    or v_topic.sent_at > clock_timestamp() - (select s.live_interval from private.settings as s) then
    return 'not now';
  end if;
  v_ticket := private.take_ticket(p_last_ticket);
  if v_ticket is null then
    return 'no ticket';
  end if;
  begin
    if not v_topic.must_resync then
      v_rows := private.live_rows(p_scope_id, p_mark_ids);
      if v_rows = '{"batches": [], "jobs": [], "tasks": [], "events": []}' then
        return 'nothing';
      end if;
    end if;
    return case when private.send_live(v_topic, p_epoch, v_rows, v_ticket) then 'sent' else 'failed' end;
  exception when others then
    perform private.note_failure(p_scope_id, sqlerrm);
    return 'failed';
  end;
end
$$;
comment on function private.tell(text, uuid, uuid, int, bigint [], int) is
  'Tells a topic what marks name, if it is free, its interval is over and there is a ticket up to this number: sent, nothing to tell, failed, not now '
  'or no ticket.';

create function private.settle_marks(p_mark_ids bigint [], p_scope_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  if p_scope_ids = '{}' then
    return;
  end if;
  delete from public.realtime_outbox where id = any(p_mark_ids) and scopes <@ p_scope_ids;
  update public.realtime_outbox
  set scopes = array(select u.id from unnest(scopes) as u (id) where u.id <> all(p_scope_ids))
  where id = any(p_mark_ids) and scopes && p_scope_ids;
end
$$;
comment on function private.settle_marks(bigint [], uuid []) is 'Notes that marks have been told on the topics of these scopes; those told everywhere go.';

create function private.marked_scopes(p_mark_ids bigint [])
returns table (scope_id uuid, scope text, tenant_id uuid, made_at timestamptz)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select m.scope_id, m.scope, m.tenant_id, case m.scope
    when 'tenant' then (select t.created_at from public.tenants as t where t.id = m.scope_id)
    when 'project' then (select p.created_at from public.projects as p where p.id = m.scope_id)
    else (select b.created_at from public.batches as b where b.id = m.scope_id)
  end
  from (
    select distinct u.id as scope_id, o.tenant_id,
      case u.id when o.tenant_id then 'tenant' when o.project_id then 'project' else 'batch' end as scope
    from public.realtime_outbox as o
    cross join unnest(o.scopes) as u (id)
    where o.id = any(p_mark_ids)
  ) as m;
end
$$;
comment on function private.marked_scopes(bigint []) is
  'Whose topics are still to be told what these marks name, and when that was made; null for what is gone.';

create function private.tell_if_quiet(p_first_id bigint)
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_mark_ids bigint [] := array(
    select o.id from public.realtime_outbox as o where o.id >= p_first_id and o.xact_id = pg_current_xact_id());
  -- Nobody follows what this transaction has made, or what is gone.
  v_told uuid [] := array(
    select m.scope_id from private.marked_scopes(v_mark_ids) as m where coalesce(m.made_at = now(), true));
  v record;
begin
  for v in
    select m.scope_id, m.scope, t.id as tenant_id, t.epoch, (s.live_messages_per_s + 1) / 2 as last_ticket
    from private.marked_scopes(v_mark_ids) as m
    cross join private.settings as s
    join public.tenants as t on t.id = m.tenant_id
    left join private.live_topics as l on l.scope_id = m.scope_id
    where m.scope_id <> all(v_told)
      and coalesce(l.sent_at <= clock_timestamp() - s.live_interval, true)
      -- What waits already goes first, with all that has come since; unless it waits for a flush that does not come.
      and not exists (
        select from public.realtime_outbox as o
        where o.tenant_id = m.tenant_id and m.scope_id = any(o.scopes) and o.id <> all(v_mark_ids)
          and o.created_at > now() - 8 * s.live_interval)
    order by m.scope_id
    limit 6
  loop
    if private.tell(v.scope, v.scope_id, v.tenant_id, v.epoch, v_mark_ids, v.last_ticket) in ('sent', 'nothing') then
      v_told := v_told || v.scope_id;
    end if;
  end loop;
  perform private.settle_marks(v_mark_ids, v_told);
end
$$;
comment on function private.tell_if_quiet(bigint) is
  'Tells of this transaction''s own marks, from this one on, on topics that have been quiet and where nothing waits. Half of the tickets are left '
  'to the flush, so that busy topics have their turn.';

create function private.tell_at_commit()
returns trigger
language plpgsql
-- definer: whoever changes something may neither send nor read the outbox.
security definer
set search_path = ''
as $$
begin
  -- Once for a transaction, at its first mark.
  if current_setting('cliprow.told_in', true) is not distinct from pg_current_xact_id()::text then
    return null;
  end if;
  perform set_config('cliprow.told_in', pg_current_xact_id()::text, true);
  -- Most end here, because followers of the batch were told of something a moment ago; the flush tells the others too.
  if exists (
    select from private.live_topics as l
    where l.scope_id = new.scopes[1]
      and l.sent_at > clock_timestamp() - (select s.live_interval from private.settings as s)
  ) then
    return null;
  end if;
  begin
    perform private.tell_if_quiet(new.id);
  exception when others then
    raise warning 'Followers are told of this change later: %', sqlerrm;
  end;
  return null;
end
$$;
comment on function private.tell_at_commit() is 'Tells quiet topics at the end of the transaction. Never fails it: what was not told is left to the flush.';
create constraint trigger tell_at_commit after insert on public.realtime_outbox
deferrable initially deferred for each row execute function private.tell_at_commit();

create function private.drop_marks(p_mark_ids bigint [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  if p_mark_ids = '{}' then
    return;
  end if;
  insert into private.live_topics (scope_id, scope, tenant_id, must_resync)
  select m.scope_id, m.scope, m.tenant_id, true
  from private.marked_scopes(p_mark_ids) as m
  where m.made_at is not null
  order by m.scope_id
  on conflict (scope_id) do update set must_resync = true;
  delete from public.realtime_outbox where id = any(p_mark_ids);
end
$$;
comment on function private.drop_marks(bigint []) is 'Gives up telling of marks one by one: their topics are to be asked to fetch instead.';

create function private.hopeless_marks(p_limit int)
returns bigint []
language plpgsql
stable
set search_path = ''
as $$
declare
  v_is_flooded boolean := (select count(*) > p_limit from (select from public.realtime_outbox limit p_limit + 1) as o);
begin
  return array(
    select o.id
    from public.realtime_outbox as o
    cross join private.settings as s
    where o.created_at < now() - s.live_keep_for
      or (v_is_flooded and o.tenant_id in (
        -- Whoever floods the outbox is told to fetch, and not those who wait beside.
        select f.tenant_id from public.realtime_outbox as f group by f.tenant_id having count(*) > p_limit / 10))
  );
end
$$;
comment on function private.hopeless_marks(int) is
  'Marks that have waited too long, and when there are more than so many, those of the tenants that have most of them.';

create function private.waiting_topics(p_mark_ids bigint [])
returns table (scope_id uuid, scope text, tenant_id uuid, epoch int)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  with waiting as (
    select m.scope_id, m.scope, m.tenant_id from private.marked_scopes(p_mark_ids) as m where m.made_at is not null
    union
    select l.scope_id, l.scope, l.tenant_id from private.live_topics as l where l.must_resync
  ), due as (
    select w.*, t.epoch, coalesce(l.sent_at, '-infinity') as sent_at
    from waiting as w
    cross join private.settings as s
    join public.tenants as t on t.id = w.tenant_id
    left join private.live_topics as l on l.scope_id = w.scope_id
    where coalesce(l.sent_at <= clock_timestamp() - s.live_interval, true)
  )
  select d.scope_id, d.scope, d.tenant_id, d.epoch
  from due as d
  order by row_number() over (partition by d.tenant_id order by d.sent_at), d.sent_at;
end
$$;
comment on function private.waiting_topics(bigint []) is
  'Topics that may be told something now, in the order of their turns: one of each tenant, then a second of each, those told longest ago first.';

create function private.flush_live()
returns jsonb
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_mark_ids bigint [];
  v_told uuid [];
  v_sent int := 0;
  v_failed int := 0;
  v_result text;
  v record;
begin
  if not pg_try_advisory_xact_lock(hashtext('cliprow.flush_live')) then
    return null;
  end if;
  perform private.fit_tickets();
  if not exists (select from public.realtime_outbox) and not exists (select from private.live_topics where must_resync) then
    return jsonb_build_object('sent', 0, 'failed', 0, 'waiting', 0);
  end if;
  perform private.drop_marks(private.hopeless_marks(10000));
  v_mark_ids := array(select o.id from public.realtime_outbox as o order by o.id limit 10000);
  v_told := array(select m.scope_id from private.marked_scopes(v_mark_ids) as m where m.made_at is null);
  for v in select w.* from private.waiting_topics(v_mark_ids) as w loop
    v_result := private.tell(v.scope, v.scope_id, v.tenant_id, v.epoch, v_mark_ids, 2147483647);
    exit when v_result = 'no ticket';
    if v_result in ('sent', 'nothing') then
      v_told := v_told || v.scope_id;
    end if;
    v_sent := v_sent + (v_result = 'sent')::int;
    v_failed := v_failed + (v_result = 'failed')::int;
  end loop;
  perform private.settle_marks(v_mark_ids, v_told);
  return jsonb_build_object('sent', v_sent, 'failed', v_failed,
    'waiting', (select count(*) from public.realtime_outbox));
end
$$;
comment on function private.flush_live() is
  'Tells every topic that may be told something what waits for it; returns how many were told, how many could not be, and how many marks wait '
  'still. Null when another does it at this moment.';
grant execute on function private.flush_live() to cliprow_worker;

-- The end of an epoch: who follows an older topic is told once more, so that it does not listen to silence.

create function private.end_epoch()
returns trigger
language plpgsql
-- definer: whoever removes a member may neither send nor read the state of topics.
security definer
set search_path = ''
-- As the messages' own times are.
set timezone = 'UTC'
as $$
begin
  begin
    -- Not by ticket, and so not many: of other topics a follower learns when its token is refreshed, which closes them.
    perform realtime.send(
      jsonb_build_object('seq', l.seq, 'prev_seq', l.seq, 'ts', clock_timestamp()), 'resync',
      concat_ws(':', l.scope, l.scope_id, old.epoch), true)
    from (
      select 'tenant' as scope, new.id as scope_id, coalesce(max(t.seq), 0) as seq, 'infinity'::timestamptz as sent_at
      from private.live_topics as t
      where t.scope_id = new.id
      union all (
        select t.scope, t.scope_id, t.seq, t.sent_at
        from private.live_topics as t
        where t.tenant_id = new.id and t.scope <> 'tenant' and t.sent_at > now() - interval '1 hour'
      )
      order by 4 desc, 2
      limit 20
    ) as l;
  exception when others then
    raise warning 'Followers are not told that the epoch is over: %', sqlerrm;
  end;
  return null;
end
$$;
comment on function private.end_epoch() is
  'Sends a resync on the topics of the epoch that is over, the tenant''s and the liveliest: who fetches then reads the new epoch, and joins the new '
  'topics; who was removed is refused both.';
create trigger end_epoch after update of epoch on public.tenants
for each row when (new.epoch > old.epoch) execute function private.end_epoch();

-- changed_since: what changed, for those who missed live messages or follow none.

create index generation_jobs_tenant_id_updated_at on public.generation_jobs (tenant_id, updated_at);
create index stage_tasks_tenant_id_updated_at on public.stage_tasks (tenant_id, updated_at);
create index job_events_tenant_id_created_at on public.job_events (tenant_id, created_at);

grant execute on function
private.live_batch(public.batches), private.live_job(public.generation_jobs), private.live_task(public.stage_tasks),
private.live_event(public.job_events), private.live_project(public.projects), private.live_tenant(public.tenants)
to authenticated, service_role;

create function private.changed_rows(p_since timestamptz, p_after_id uuid, p_project_id uuid, p_batch_id uuid, p_limit int)
returns table (name text, changed_at timestamptz, id uuid, told jsonb)
language plpgsql
stable
set search_path = ''
-- Each filter that is not given is left out, and the best index used for those that are.
set plan_cache_mode = 'force_custom_plan'
as $$
#variable_conflict use_column
declare
  v_tenant_id uuid := private.tenant_id();
begin
  return query
  (
    select 'projects', p.updated_at, p.id, private.live_project(p) from public.projects as p
    where p.tenant_id = v_tenant_id and p_batch_id is null and (p_project_id is null or p.id = p_project_id)
      and (p.updated_at, p.id) > (p_since, p_after_id)
    order by p.updated_at, p.id limit p_limit
  ) union all (
    select 'batches', b.updated_at, b.id, private.live_batch(b) from public.batches as b
    where b.tenant_id = v_tenant_id and (p_project_id is null or b.project_id = p_project_id)
      and (p_batch_id is null or b.id = p_batch_id) and (b.updated_at, b.id) > (p_since, p_after_id)
    order by b.updated_at, b.id limit p_limit
  ) union all (
    select 'jobs', j.updated_at, j.id, private.live_job(j) from public.generation_jobs as j
    where j.tenant_id = v_tenant_id and (p_project_id is null or j.project_id = p_project_id)
      and (p_batch_id is null or j.batch_id = p_batch_id) and (j.updated_at, j.id) > (p_since, p_after_id)
    order by j.updated_at, j.id limit p_limit
  ) union all (
    select 'tasks', t.updated_at, t.id, private.live_task(t) from public.stage_tasks as t
    where t.tenant_id = v_tenant_id and (p_project_id is null or t.project_id = p_project_id)
      and (p_batch_id is null or t.batch_id = p_batch_id) and (t.updated_at, t.id) > (p_since, p_after_id)
    order by t.updated_at, t.id limit p_limit
  ) union all (
    select 'events', e.created_at, e.id, private.live_event(e) from public.job_events as e
    where e.tenant_id = v_tenant_id and (p_project_id is null or e.project_id = p_project_id)
      and (p_batch_id is null or e.batch_id = p_batch_id) and (e.created_at, e.id) > (p_since, p_after_id)
    order by e.created_at, e.id limit p_limit
  )
  order by 2, 3
  limit p_limit;
end
$$;
comment on function private.changed_rows(timestamptz, uuid, uuid, uuid, int) is
  'The rows of all kinds that changed after a moment and id, oldest change first, as followers are told of them.';
grant execute on function private.changed_rows(timestamptz, uuid, uuid, uuid, int) to authenticated, service_role;

create function private.check_changed_since(p_since timestamptz, p_project_id uuid, p_batch_id uuid, p_max_rows int)
returns void
language plpgsql
stable
set search_path = ''
as $$
begin
  if private.tenant_id() is null then
    raise exception 'You are not signed in to a tenant.'
      using errcode = 'CR003', hint = 'Sign in, or ask an owner to invite you.';
  elsif p_since is null then
    raise exception 'It is not said since when.' using errcode = 'CR001', hint = 'Send the `now` of the last answer, less ten seconds.';
  elsif p_max_rows is null or p_max_rows not between 1 and 10000 then
    raise exception 'An answer has 1 to 10,000 rows.' using errcode = 'CR001', hint = 'Leave max_rows out for 1,000.';
  elsif p_project_id is not null and not exists (
    select from public.projects as p where p.id = p_project_id and p.tenant_id = private.tenant_id()
  ) then
    raise exception 'There is no project %.', p_project_id
      using errcode = 'CR002', hint = 'List the projects, and use the id of one of them.';
  elsif p_batch_id is not null and not exists (
    select from public.batches as b where b.id = p_batch_id and b.tenant_id = private.tenant_id()
  ) then
    raise exception 'There is no batch %.', p_batch_id
      using errcode = 'CR002', hint = 'List the batches, and use the id of one of them.';
  end if;
end
$$;
comment on function private.check_changed_since(timestamptz, uuid, uuid, int) is 'Raises CR001, CR002 or CR003 where nothing can be answered.';
grant execute on function private.check_changed_since(timestamptz, uuid, uuid, int) to authenticated, service_role;

create function public.changed_since(
  since timestamptz, project_id uuid default null, batch_id uuid default null, max_rows int default 1000,
  after_id uuid default null
)
returns jsonb
language plpgsql
stable
set search_path = ''
set timezone = 'UTC'
as $$
#variable_conflict use_variable
declare
  v_answer jsonb;
begin
  perform private.check_changed_since(since, project_id, batch_id, max_rows);
  with found as materialized (
    select c.*, row_number() over (order by c.changed_at, c.id) as place
    from private.changed_rows(
      since, coalesce(after_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'), project_id, batch_id, max_rows + 1) as c
  ), page as (
    select f.* from found as f where f.place <= max_rows
  )
  select jsonb_build_object(
      'now', now(), 'projects', '[]'::jsonb, 'batches', '[]'::jsonb, 'jobs', '[]'::jsonb, 'tasks', '[]'::jsonb, 'events', '[]'::jsonb,
      'tenant', (select private.live_tenant(t) from public.tenants as t where t.id = private.tenant_id()),
      'more', (select count(*) > max_rows from found),
      'next', (
        select jsonb_build_object('since', p.changed_at, 'after_id', p.id)
        from page as p where p.place = max_rows and exists (select from found as f where f.place > max_rows)
      ))
    || coalesce((select jsonb_object_agg(l.name, l.told) from (
      select p.name, jsonb_agg(p.told order by p.place) as told from page as p group by p.name
    ) as l), '{}')
  into v_answer;
  return v_answer;
end
$$;
comment on function public.changed_since(timestamptz, uuid, uuid, int, uuid) is
  'What changed in the caller''s tenant after a moment, of one project or batch if one is named: {now, tenant, projects, batches, jobs, tasks, events, '
  'more, next}, rows as live messages have them, oldest change first. Where there is more, next is {since, after_id} to go on with. Ask the next time '
  'from the first answer''s now less ten seconds, because what a slow transaction changed is seen only when it ends, and merge by version; events '
  'never change. Raises CR001, CR002 or CR003.';
grant execute on function public.changed_since(timestamptz, uuid, uuid, int, uuid) to authenticated;
