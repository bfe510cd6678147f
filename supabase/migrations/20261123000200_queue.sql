-- Legal moves, in one place. `docs/states.md` draws this table and is checked against it.

create function private.legal_moves()
returns table (entity text, from_status text, to_status text, reason text)
language sql
immutable
set search_path = ''
as $$
  values
  ('task', 'blocked', 'pending', 'everything it needs is completed'),
  ('task', 'blocked', 'cancelled', 'withdrawn'),
  ('task', 'pending', 'queued', 'released'),
  ('task', 'pending', 'cancelled', 'withdrawn'),
  ('task', 'queued', 'processing', 'claimed by a worker'),
  ('task', 'queued', 'completed', 'an equal artifact was there'),
  ('task', 'queued', 'pending', 'handed back, paused, or waiting for an equal artifact'),
  ('task', 'queued', 'cancelled', 'withdrawn'),
  ('task', 'processing', 'completed', 'result stored'),
  ('task', 'processing', 'failed', 'failed for good'),
  ('task', 'processing', 'pending', 'to be tried again'),
  ('task', 'processing', 'cancelled', 'withdrawn'),
  ('task', 'failed', 'pending', 'retried'),
  ('task', 'failed', 'blocked', 'retried together with what it needs'),
  ('task', 'cancelled', 'pending', 'retried'),
  ('task', 'cancelled', 'blocked', 'retried together with what it needs'),
  ('task', 'completed', 'pending', 'to be done again with other inputs'),
  ('task', 'completed', 'blocked', 'what it needs is done again'),
  ('job', 'pending', 'processing', 'its first task started'),
  ('job', 'pending', 'cancelled', 'withdrawn'),
  ('job', 'processing', 'completed', 'every platform has its package'),
  ('job', 'processing', 'failed', 'a platform has none, and nothing more can run'),
  ('job', 'processing', 'cancelled', 'withdrawn'),
  ('job', 'failed', 'pending', 'retried'),
  ('job', 'cancelled', 'pending', 'retried'),
  ('job', 'completed', 'pending', 'retried with other inputs'),
  ('batch', 'pending', 'processing', 'its first job started'),
  ('batch', 'pending', 'cancelled', 'withdrawn'),
  ('batch', 'processing', 'completed', 'all jobs completed'),
  ('batch', 'processing', 'partial', 'ended with some jobs failed'),
  ('batch', 'processing', 'failed', 'ended with all jobs failed'),
  ('batch', 'processing', 'cancelled', 'withdrawn'),
  ('batch', 'completed', 'processing', 'a job was retried'),
  ('batch', 'partial', 'processing', 'a job was retried'),
  ('batch', 'failed', 'processing', 'a job was retried'),
  ('batch', 'cancelled', 'processing', 'a job was retried')
$$;
comment on function private.legal_moves() is 'Every legal change of status of a batch, a job and a task, and what it means.';
-- Whoever changes a status is held against it.
grant execute on function private.legal_moves() to service_role;

create function private.guard_move()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if new.status is distinct from old.status and not exists (
    select from private.legal_moves() as m
    where m.entity = tg_argv[0] and m.from_status = old.status and m.to_status = new.status
  ) then
    raise exception 'A % that is % cannot become %.', tg_argv[0], old.status, new.status
      using errcode = 'CR004', detail = 'ILLEGAL_MOVE', hint = 'Look at its current state, then decide again.';
  end if;
  new.version := old.version + 1;
  new.updated_at := now();
  return new;
end
$$;
comment on function private.guard_move() is 'Refuses illegal changes of status; raises version and updated_at with every change.';

create function private.count_version()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.version := old.version + 1;
  new.updated_at := now();
  return new;
end
$$;
comment on function private.count_version() is 'Raises version and updated_at with every change.';

create function private.touch()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.updated_at := now();
  return new;
end
$$;
comment on function private.touch() is 'Sets updated_at with every change.';

create function private.tidy_task()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if new.status not in ('queued', 'processing') then
    new.entry_id := null;
  end if;
  if new.status <> 'processing' then
    new.worker_id := null;
    if new.status <> 'completed' then
      new.attempt_id := null;
    end if;
  end if;
  if new.status = 'pending' then
    new.held_at := (select j.paused_at from public.generation_jobs as j where j.id = new.job_id);
  else
    new.run_at := null;
    new.held_at := null;
    new.awaits_key := null;
  end if;
  return new;
end
$$;
comment on function private.tidy_task() is
  'After a move: forgets what belonged to the state that was left, and holds back a waiting task whose job is paused.';

create function private.hold_tasks()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  update public.stage_tasks set held_at = new.paused_at where job_id = new.id and status = 'pending';
  return null;
end
$$;
comment on function private.hold_tasks() is
  'Holds back what waits of a job that is paused, and lets it go when the job is resumed. Whoever pauses locks the tenant first.';

create trigger guard_move before update on public.batches
for each row execute function private.guard_move('batch');
create trigger guard_move before update on public.generation_jobs
for each row execute function private.guard_move('job');
create trigger guard_move before update on public.stage_tasks
for each row execute function private.guard_move('task');
create trigger tidy_task before update on public.stage_tasks
for each row when (new.status <> old.status) execute function private.tidy_task();
create trigger hold_tasks after update on public.generation_jobs
for each row when (new.paused_at is distinct from old.paused_at) execute function private.hold_tasks();
create trigger count_version before update on public.projects
for each row execute function private.count_version();
create trigger count_version before update on public.content_library
for each row execute function private.count_version();
create trigger touch before update on public.tenants
for each row execute function private.touch();
create trigger touch before update on public.feature_flags
for each row execute function private.touch();
-- What is active and what waits, counted as it changes. The tenant's row here is also the lock of its queue:
-- every function that moves tasks takes it first, so that caps are exact and nothing deadlocks.

create table private.windows (
  scope_id uuid primary key,
  scope text not null check (scope in ('tenant', 'project', 'batch')),
  active_count int not null default 0 check (active_count >= 0),
  served_at timestamptz not null default '-infinity'
) with (fillfactor = 50);
comment on table private.windows is 'How many tasks of a tenant, project or batch are queued or running; held against its max_concurrent_tasks.';
comment on column private.windows.active_count is 'Its tasks that are queued or processing; equals a recount at every commit.';
comment on column private.windows.served_at is 'When a task of it was last released: the tenant served longest ago comes next.';

create table private.backlogs (
  batch_id uuid not null references public.batches (id) on delete cascade,
  stage text not null,
  lane text not null,
  tenant_id uuid not null,
  project_id uuid not null,
  waiting_count int not null default 0 check (waiting_count >= 0),
  served_at timestamptz not null default now(),
  primary key (batch_id, stage, lane)
) with (fillfactor = 50);
comment on table private.backlogs is 'How many tasks of a batch wait to be released, by stage and lane.';
comment on column private.backlogs.served_at is 'When one was last released, or when the first began to wait: the age that lifts a lane.';
create index backlogs_waiting on private.backlogs (stage, lane) where waiting_count > 0;

create function private.lock_tenant(p_tenant_id uuid)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform from private.windows where scope_id = p_tenant_id for update;
  if not found then
    insert into private.windows (scope_id, scope) values (p_tenant_id, 'tenant') on conflict (scope_id) do nothing;
    perform from private.windows where scope_id = p_tenant_id for update;
  end if;
end
$$;
comment on function private.lock_tenant(uuid) is 'Takes the queue of a tenant until the transaction ends. First in every lock order.';

create function private.lock_tenants(p_tenant_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_tenant_id uuid;
begin
  for v_tenant_id in select distinct u.id from unnest(p_tenant_ids) as u (id) order by u.id loop
    perform private.lock_tenant(v_tenant_id);
  end loop;
end
$$;
comment on function private.lock_tenants(uuid []) is
  'Takes the queues of several tenants, always in the same order. Whoever needs several takes all of them before it changes anything.';

create function private.forget_windows()
returns trigger
language plpgsql
-- definer: whoever may delete the scope may not write the counters.
security definer
set search_path = ''
as $$
begin
  delete from private.windows where scope_id = old.id;
  return null;
end
$$;
comment on function private.forget_windows() is 'Removes the counter of a scope that is gone.';
create trigger forget_windows after delete on public.tenants for each row execute function private.forget_windows();
create trigger forget_windows after delete on public.projects for each row execute function private.forget_windows();
create trigger forget_windows after delete on public.batches for each row execute function private.forget_windows();
-- Statement-level triggers that carry a change of tasks up to counters, dependents, job and batch, and record it.
--
--   stage_tasks ──> windows, backlogs      what is active, what waits
--        │ └──────> stage_tasks            dependents unlocked
--        └────────> generation_jobs ──> batches
--                        └──> job_events
--
-- What runs for every task is plpgsql, here and in the files that follow: only from Postgres 18 on do SQL functions
-- keep their plans, and planning costs more than running.

create function private.stage_weights()
returns table (stage text, place int, weight int)
language sql
immutable
set search_path = ''
as $$
  values
  ('script_generation', 1, 5), ('audio_generation', 2, 15), ('video_generation', 3, 50),
  ('platform_adaptation', 4, 20), ('post_processing', 5, 10)
$$;
comment on function private.stage_weights() is 'The stages in order, and the share of a job''s progress (in %) that each makes up.';

create type private.count_move as (
  tenant_id uuid, project_id uuid, batch_id uuid, stage text, lane text, waiting int, active int
);
comment on type private.count_move is 'By how much one batch, stage and lane changed what waits and what is active.';

create function private.apply_counts(p_moves private.count_move [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.backlogs (batch_id, stage, lane, tenant_id, project_id)
  select m.batch_id, m.stage, m.lane, m.tenant_id, m.project_id from unnest(p_moves) as m where m.waiting > 0
  on conflict (batch_id, stage, lane) do nothing;
  update private.backlogs as g
  set
    waiting_count = g.waiting_count + d.waiting,
    served_at = case when d.waiting < 0 or g.waiting_count = 0 then now() else g.served_at end
  from (
    select m.batch_id, m.stage, m.lane, sum(m.waiting)::int as waiting from unnest(p_moves) as m group by 1, 2, 3
  ) as d
  where g.batch_id = d.batch_id and g.stage = d.stage and g.lane = d.lane and d.waiting <> 0;

  insert into private.windows (scope_id, scope)
  select s.scope_id, s.scope
  from unnest(p_moves) as m
  cross join lateral (values (m.tenant_id, 'tenant'), (m.project_id, 'project'), (m.batch_id, 'batch')) as s (scope_id, scope)
  where m.active > 0
  on conflict (scope_id) do nothing;
  update private.windows as w
  set active_count = w.active_count + d.active
  from (
    select s.scope_id, sum(m.active)::int as active
    from unnest(p_moves) as m
    cross join lateral (values (m.tenant_id), (m.project_id), (m.batch_id)) as s (scope_id)
    group by s.scope_id
  ) as d
  where w.scope_id = d.scope_id and d.active <> 0;
end
$$;
comment on function private.apply_counts(private.count_move []) is 'Adds changes to the counters of backlogs and windows.';

create function private.tasks_changed()
returns trigger
language plpgsql
-- definer: callers may not write counters, events and jobs themselves.
security definer
set search_path = ''
as $$
declare
  v_moves private.count_move [] := '{}';
begin
  if tg_op = 'UPDATE' then
    -- Nested, because a deletion has no new rows that could be named.
    if not exists (select from new_rows) then
      return null;
    end if;
  end if;
  if tg_op in ('INSERT', 'UPDATE') then
    v_moves := v_moves || array(
      select row(n.tenant_id, n.project_id, n.batch_id, n.stage, n.lane, count(*) filter (where n.is_waiting),
        count(*) filter (where n.status in ('queued', 'processing')))::private.count_move
      from new_rows as n group by n.tenant_id, n.project_id, n.batch_id, n.stage, n.lane);
  end if;
  if tg_op in ('DELETE', 'UPDATE') then
    v_moves := v_moves || array(
      select row(o.tenant_id, o.project_id, o.batch_id, o.stage, o.lane, -count(*) filter (where o.is_waiting),
        -count(*) filter (where o.status in ('queued', 'processing')))::private.count_move
      from old_rows as o group by o.tenant_id, o.project_id, o.batch_id, o.stage, o.lane);
  end if;
  perform private.apply_counts(v_moves);
  return null;
end
$$;
comment on function private.tasks_changed() is 'Counts what waits and what is active.';

create function private.tasks_moved()
returns trigger
language plpgsql
-- definer: callers may not write events and jobs themselves.
security definer
set search_path = ''
as $$
declare
  v_completed_in uuid[];
  v_changed_in uuid[];
begin
  if not exists (select from new_rows) then
    return null;
  end if;
  insert into public.job_events (
    job_id, tenant_id, project_id, batch_id, task_id, stage, status, progress, retries, error_code, error_message
  )
  select n.job_id, n.tenant_id, n.project_id, n.batch_id, n.id, n.stage, n.status, n.progress,
    n.failure_count + n.lost_count, n.error_code, n.error_message
  from new_rows as n
  join old_rows as o on o.job_id = n.job_id and o.id = n.id
  where n.status <> o.status;

  select
    array_agg(distinct n.job_id) filter (where n.status = 'completed' and o.status <> 'completed'),
    -- To the job it is all the same whether a task waits in the queue or before it.
    array_agg(distinct n.job_id) filter (
      where (n.status <> o.status and not (n.status in ('pending', 'queued') and o.status in ('pending', 'queued')))
        or n.progress <> o.progress)
  into v_completed_in, v_changed_in
  from new_rows as n
  join old_rows as o on o.job_id = n.job_id and o.id = n.id;

  if v_completed_in is not null then
    perform private.unlock_dependents(v_completed_in);
  end if;
  if v_changed_in is not null then
    perform private.roll_up_jobs(v_changed_in);
  end if;
  return null;
end
$$;
comment on function private.tasks_moved() is 'Records every change of status, unlocks what was waiting for completed tasks, and rolls up the jobs.';

create function private.unlock_dependents(p_job_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.stage_tasks as t
  set status = 'pending'
  from unnest(p_job_ids) as u (job_id)
  where t.job_id = u.job_id
    and t.status = 'blocked'
    and not exists (
      select from public.stage_tasks as n
      where n.job_id = t.job_id and n.id = any(t.needs) and n.status <> 'completed'
    );
end
$$;
comment on function private.unlock_dependents(uuid []) is 'Lets those blocked tasks of the jobs run that have all they need.';

create function private.job_states(p_job_ids uuid [])
returns table (
  job_id uuid, is_started boolean, active_count bigint, failed_count bigint, cancelled_count bigint, open_count bigint,
  progress int, steps_done int, stage text, error_code text, error_message text, next_step text
)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  with per_stage as (
    select
      t.job_id, t.stage,
      bool_or(t.status in ('processing', 'completed', 'failed', 'cancelled')) as is_started,
      count(*) filter (where t.status in ('pending', 'queued', 'processing')) as active_count,
      count(*) filter (where t.status = 'failed') as failed_count,
      count(*) filter (where t.status = 'cancelled') as cancelled_count,
      count(*) filter (where t.status <> 'completed') as open_count,
      avg(case t.status when 'completed' then 100 else t.progress end) as progress,
      (array_agg(t.error_code order by t.completed_at) filter (where t.status = 'failed'))[1] as error_code,
      (array_agg(t.error_message order by t.completed_at) filter (where t.status = 'failed'))[1] as error_message,
      (array_agg(t.next_step order by t.completed_at) filter (where t.status = 'failed'))[1] as next_step
    from unnest(p_job_ids) as u (id)
    join public.stage_tasks as t on t.job_id = u.id
    group by t.job_id, t.stage
  )
  select
    s.job_id, bool_or(s.is_started), sum(s.active_count)::bigint, sum(s.failed_count)::bigint,
    sum(s.cancelled_count)::bigint, sum(s.open_count)::bigint,
    floor(sum(w.weight * s.progress) / 100)::int,
    count(*) filter (where s.open_count = 0)::int,
    coalesce((array_agg(s.stage order by w.place) filter (where s.open_count > 0))[1],
      (array_agg(s.stage order by w.place desc))[1]),
    (array_agg(s.error_code order by w.place) filter (where s.failed_count > 0))[1],
    (array_agg(s.error_message order by w.place) filter (where s.failed_count > 0))[1],
    (array_agg(s.next_step order by w.place) filter (where s.failed_count > 0))[1]
  from per_stage as s
  join private.stage_weights() as w on w.stage = s.stage
  group by s.job_id;
end
$$;
comment on function private.job_states(uuid []) is 'What the tasks of jobs add up to.';

create function private.job_result(p_job_id uuid)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object('platforms', coalesce(jsonb_object_agg(r.platform, jsonb_strip_nulls(jsonb_build_object(
      'is_complete', made.is_complete, 'missing', made.missing, 'error_code', made.error_code,
      'files', (
        select jsonb_object_agg(c.role, c.file_path)
        from public.generated_content as c
        where c.tenant_id = j.tenant_id and c.job_id = j.id and c.platform = r.platform
      )
    ))), '{}'))
    from public.generation_jobs as j
    join public.platforms as r on r.platform = any(j.platforms)
    cross join lateral (
      -- What the platform needs: its own tasks, and those it shares with others of its raster or with all.
      select
        bool_and(t.status = 'completed') as is_complete,
        (array_agg(t.stage order by t.position) filter (where t.status <> 'completed'))[1] as missing,
        (array_agg(t.error_code order by t.position) filter (where t.status = 'failed'))[1] as error_code
      from public.stage_tasks as t
      where t.job_id = j.id
        and (t.platform = r.platform or (t.platform is null and (t.width is null or (t.width, t.height) = (r.width, r.height))))
    ) as made
    where j.id = p_job_id
  );
end
$$;
comment on function private.job_result(uuid) is
  'Per platform of a job: whether its package is complete, its files, the first stage that is missing, and why.';

create function private.roll_up_jobs(p_job_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.generation_jobs as j
  set
    status = n.status,
    progress = n.progress,
    stage = n.stage,
    current_step = n.steps_done,
    started_at = coalesce(j.started_at, case when n.is_started then now() end),
    completed_at = case when n.is_ended then coalesce(j.completed_at, now()) end,
    error_code = case when n.status = 'failed' then n.error_code end,
    error_message = case when n.status = 'failed' then n.error_message end,
    next_step = case when n.status = 'failed' then n.next_step end,
    result_data = case when n.is_ended then private.job_result(j.id) else j.result_data end
  from (
    select
      s.job_id, s.is_started, s.steps_done, s.stage, s.error_code, s.error_message, s.next_step,
      d.status in ('completed', 'failed', 'cancelled') as is_ended,
      -- A started job whose tasks all wait again is still a started job.
      case when o.status = 'processing' and d.status = 'pending' then 'processing' else d.status end as status,
      case when d.status = 'completed' then 100 else greatest(o.progress, least(s.progress, 99)) end as progress
    from private.job_states(p_job_ids) as s
    join public.generation_jobs as o on o.id = s.job_id
    cross join lateral (
      select
        case
          when s.open_count = 0 then 'completed'
          when s.active_count = 0 and s.cancelled_count > 0 then 'cancelled'
          when s.active_count = 0 and s.failed_count > 0 then 'failed'
          when s.is_started then 'processing'
          else 'pending'
        end as status
    ) as d
  ) as n
  where j.id = n.job_id
    and (j.status, j.progress, j.stage, j.current_step, j.error_code)
    is distinct from (n.status, n.progress, n.stage, n.steps_done, case when n.status = 'failed' then n.error_code end);
end
$$;
comment on function private.roll_up_jobs(uuid []) is
  'Sets status, progress and error of jobs from their tasks. Progress never goes back within a generation.';

create trigger tasks_inserted after insert on public.stage_tasks
referencing new table as new_rows for each statement execute function private.tasks_changed();
create trigger tasks_updated after update on public.stage_tasks
referencing old table as old_rows new table as new_rows for each statement execute function private.tasks_changed();
create trigger tasks_deleted after delete on public.stage_tasks
referencing old table as old_rows for each statement execute function private.tasks_changed();
-- After tasks_updated, by its name.
create trigger tasks_updated_moved after update on public.stage_tasks
referencing old table as old_rows new table as new_rows for each statement execute function private.tasks_moved();
-- Jobs carried up to their batch, by difference: a batch of 10,000 jobs is never counted again.

create function private.batch_status(
  p_status text, p_job_count int, p_pending_count int, p_completed_count int, p_failed_count int, p_cancelled_count int
)
returns text
language sql
immutable
set search_path = ''
return case
  when p_completed_count + p_failed_count + p_cancelled_count < p_job_count then
    case when p_status = 'pending' and p_pending_count = p_job_count then 'pending' else 'processing' end
  -- Jobs removed from a batch that has ended, or all of them from any, do not change how it ended.
  when p_status in ('completed', 'partial', 'failed', 'cancelled') or p_job_count = 0 then p_status
  when p_failed_count = p_job_count then 'failed'
  when p_failed_count > 0 then 'partial'
  when p_cancelled_count > 0 then 'cancelled'
  else 'completed'
end;
comment on function private.batch_status(text, int, int, int, int, int) is 'The status of a batch that has this one, by its new counts.';

create type private.batch_move as (batch_id uuid, status text, jobs int, progress bigint);
comment on type private.batch_move is 'By how many jobs of a status, and how much progress, a batch grew or (below zero) shrank.';

create function private.apply_batch_moves(p_moves private.batch_move [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.batches as b
  set
    job_count = n.job_count,
    pending_count = n.pending_count,
    processing_count = n.processing_count,
    completed_count = n.completed_count,
    failed_count = n.failed_count,
    cancelled_count = n.cancelled_count,
    progress_sum = n.progress_sum,
    status = d.status,
    started_at = coalesce(b.started_at, case when d.status in ('processing', 'completed', 'partial', 'failed') then now() end),
    completed_at = case when d.status in ('completed', 'partial', 'failed', 'cancelled') then coalesce(b.completed_at, now()) end
  from (
    select
      t.id, t.status, t.job_count + sum(m.jobs)::int as job_count,
      t.pending_count + coalesce(sum(m.jobs) filter (where m.status = 'pending'), 0)::int as pending_count,
      t.processing_count + coalesce(sum(m.jobs) filter (where m.status = 'processing'), 0)::int as processing_count,
      t.completed_count + coalesce(sum(m.jobs) filter (where m.status = 'completed'), 0)::int as completed_count,
      t.failed_count + coalesce(sum(m.jobs) filter (where m.status = 'failed'), 0)::int as failed_count,
      t.cancelled_count + coalesce(sum(m.jobs) filter (where m.status = 'cancelled'), 0)::int as cancelled_count,
      t.progress_sum + sum(m.progress)::bigint as progress_sum
    from unnest(p_moves) as m
    join public.batches as t on t.id = m.batch_id
    group by t.id
  ) as n
  cross join lateral (
    select private.batch_status(
      n.status, n.job_count, n.pending_count, n.completed_count, n.failed_count, n.cancelled_count
    ) as status
  ) as d
  where b.id = n.id
    and (b.pending_count, b.processing_count, b.completed_count, b.failed_count, b.cancelled_count, b.progress_sum)
    is distinct from
    (n.pending_count, n.processing_count, n.completed_count, n.failed_count, n.cancelled_count, n.progress_sum);
end
$$;
comment on function private.apply_batch_moves(private.batch_move []) is 'Adds changes to the counts of batches and sets their status from them.';

create function private.jobs_changed()
returns trigger
language plpgsql
-- definer: callers may not write batches themselves.
security definer
set search_path = ''
as $$
declare
  v_moves private.batch_move [] := '{}';
begin
  if tg_op in ('INSERT', 'UPDATE') then
    v_moves := v_moves || array(
      select row(n.batch_id, n.status, count(*), sum(n.progress))::private.batch_move
      from new_rows as n group by n.batch_id, n.status);
  end if;
  if tg_op in ('DELETE', 'UPDATE') then
    v_moves := v_moves || array(
      select row(o.batch_id, o.status, -count(*), -sum(o.progress))::private.batch_move
      from old_rows as o group by o.batch_id, o.status);
  end if;
  perform private.apply_batch_moves(v_moves);
  if tg_op = 'UPDATE' then
    insert into public.job_events (
      job_id, tenant_id, project_id, batch_id, stage, status, progress, current_step, total_steps, error_code, error_message
    )
    select n.id, n.tenant_id, n.project_id, n.batch_id, n.stage, n.status, n.progress, n.current_step, n.total_steps,
      n.error_code, n.error_message
    from new_rows as n
    join old_rows as o on o.id = n.id
    where n.status <> o.status;
  end if;
  return null;
end
$$;
comment on function private.jobs_changed() is 'Carries changes of jobs to their batches, and records changes of their status.';

create trigger jobs_inserted after insert on public.generation_jobs
referencing new table as new_rows for each statement execute function private.jobs_changed();
create trigger jobs_updated after update on public.generation_jobs
referencing old table as old_rows new table as new_rows for each statement execute function private.jobs_changed();
create trigger jobs_deleted after delete on public.generation_jobs
referencing old table as old_rows for each statement execute function private.jobs_changed();
-- The release window: which waiting task goes to the queue next. Two bounds hold at once: max_concurrent_tasks of
-- tenant, project and batch (exact, because the tenant is locked), and per stage a small multiple of the registered
-- slots (approximate by a few: it only keeps the queue short).
--
-- A release locks the tenants it serves, passing over those that are locked: it never waits for one. So a transaction
-- that has released may not go on to lock a tenant, and release comes last everywhere.

create table private.workers (
  id uuid primary key,
  host text not null default '',
  process_id int not null default 0,
  version text not null default '',
  stages text[] not null,
  slots int not null check (slots > 0),
  is_draining boolean not null default false,
  started_at timestamptz not null default now(),
  heartbeat_at timestamptz not null default now()
);
comment on table private.workers is 'Live workers. One that stops beating is removed, and its tasks are released again.';

create table private.settings (
  is_only_row boolean primary key default true check (is_only_row),
  queue_depth_per_slot int not null default 2 check (queue_depth_per_slot > 0),
  max_failures int not null default 5 check (max_failures > 0),
  max_losses int not null default 10 check (max_losses > 0),
  backoff_base interval not null default '2 seconds',
  backoff_cap interval not null default '5 minutes',
  ageing interval not null default '5 minutes',
  dead_after interval not null default '20 seconds',
  ticked_at timestamptz not null default '-infinity',
  rescue_at timestamptz not null default '-infinity'
);
comment on table private.settings is 'Settings of the queue, one row, and when the ticker last ran.';
comment on column private.settings.queue_depth_per_slot is 'Tasks released per slot and stage: enough that no slot waits for the next.';
comment on column private.settings.max_failures is 'Failed attempts after which a task is a dead letter.';
comment on column private.settings.max_losses is 'Workers a task may lose before it is held to be the cause.';
comment on column private.settings.ageing is 'Waiting this long lifts work by one lane.';
comment on column private.settings.dead_after is 'A worker silent for this long is dead.';
comment on column private.settings.rescue_at is 'Not before this: after an outage every worker looks dead until it has beaten once.';
insert into private.settings default values;

create function private.lane_rank(p_lane text, p_served_at timestamptz, p_ageing interval)
returns int
language sql
stable
set search_path = ''
return greatest(0, array_position(array['urgent', 'premium', 'standard'], p_lane) - 1
  - floor(extract(epoch from now() - p_served_at) / extract(epoch from p_ageing))::int);
comment on function private.lane_rank(text, timestamptz, interval) is
  '0 urgent, 1 premium, 2 standard; each ageing interval without service lifts by one, so that no lane waits for ever.';

create function private.stage_room(p_stage text)
returns int
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select greatest(0, (
      select s.queue_depth_per_slot * greatest(1, coalesce(sum(w.slots), 0))
      from private.settings as s
      left join private.workers as w on p_stage = any(w.stages) and not w.is_draining
      group by s.queue_depth_per_slot
    ) - (
      select count(*) from public.stage_tasks as t
      where t.stage = p_stage and t.status in ('queued', 'processing')
    ))::int
  );
end
$$;
comment on function private.stage_room(text) is 'How many more tasks of a stage may be released, over all tenants.';

create function private.scope_room(p_tenant_id uuid, p_project_id uuid, p_batch_id uuid)
returns int
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select case
      when t.paused_at is not null or t.deleted_at is not null or p.paused_at is not null or p.deleted_at is not null
        or b.paused_at is not null or b.deleted_at is not null then 0
      else greatest(0, least(
        coalesce(t.max_concurrent_tasks, 2147483647) - coalesce(wt.active_count, 0),
        coalesce(p.max_concurrent_tasks, 2147483647) - coalesce(wp.active_count, 0),
        coalesce(b.max_concurrent_tasks, 2147483647) - coalesce(wb.active_count, 0)))
    end
    from public.batches as b
    join public.projects as p on p.id = b.project_id
    join public.tenants as t on t.id = b.tenant_id
    left join private.windows as wt on wt.scope_id = t.id
    left join private.windows as wp on wp.scope_id = p.id
    left join private.windows as wb on wb.scope_id = b.id
    where b.id = p_batch_id and p.id = p_project_id and t.id = p_tenant_id
  );
end
$$;
comment on function private.scope_room(uuid, uuid, uuid) is
  'How many more tasks of a batch may be released under the caps of batch, project and tenant; 0 while any of them is paused.';

create function private.enqueue(p_stage text, p_batch_id uuid, p_lane text, p_rank int, p_limit int)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_count int;
begin
  -- The queue library assigns ids in the order of the array, so both sides are joined by place.
  with oldest as materialized (
    select t.job_id, t.id, t.position
    from public.stage_tasks as t
    where t.batch_id = p_batch_id and t.stage = p_stage and t.lane = p_lane and t.is_waiting
    order by t.job_id, t.position
    limit p_limit
  ), picked as (
    select o.job_id, o.id, row_number() over (order by o.job_id, o.position) as place from oldest as o
  ), entries as materialized (
    select e.entry_id, row_number() over (order by e.entry_id) as place
    from unnest(procrastinate.procrastinate_defer_jobs_v1((
      select array_agg(
        row(p_stage, 'run_task', 10 * (2 - p_rank), null, null,
          jsonb_build_object('job_id', p.job_id, 'task_id', p.id), null)::procrastinate.procrastinate_job_to_defer_v1
        order by p.place)
      from picked as p
    ))) as e (entry_id)
  ), released as (
    update public.stage_tasks as t
    set status = 'queued', queued_at = now(), entry_id = e.entry_id
    from picked as p
    join entries as e on e.place = p.place
    where t.job_id = p.job_id and t.id = p.id
    returning 1
  )
  select count(*) into v_count from released;
  return v_count;
end
$$;
comment on function private.enqueue(text, uuid, text, int, int) is
  'Moves waiting tasks of a batch into the queue, oldest first; returns how many. The only place that adds queue entries.';

create function private.next_backlog(p_stage text)
returns private.backlogs
language plpgsql
set search_path = ''
as $$
declare
  v_next private.backlogs;
begin
  for v_next in
    select g.*
    from private.backlogs as g
    cross join private.settings as s
    join private.windows as w on w.scope_id = g.tenant_id
    where g.stage = p_stage and g.waiting_count > 0
    order by private.lane_rank(g.lane, g.served_at, s.ageing), w.served_at, g.batch_id
  loop
    if private.scope_room(v_next.tenant_id, v_next.project_id, v_next.batch_id) > 0 then
      perform from private.windows where scope_id = v_next.tenant_id for update skip locked;
      -- Looked at again now that the tenant is locked: only then are its counters final.
      if found and private.scope_room(v_next.tenant_id, v_next.project_id, v_next.batch_id) > 0 and exists (
        select from private.backlogs as g
        where g.batch_id = v_next.batch_id and g.stage = p_stage and g.lane = v_next.lane and g.waiting_count > 0
      ) then
        return v_next;
      end if;
    end if;
  end loop;
  return null;
end
$$;
comment on function private.next_backlog(text) is
  'Whose turn it is: the best lane, then the tenant served longest ago, then its oldest batch. Locks that tenant; '
  'passes over tenants that are busy, which release for themselves or wait for the ticker. Null when nobody has both work and room.';

create function private.release_stage(p_stage text)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_room int := private.stage_room(p_stage);
  v_released int := 0;
  v_count int;
  v_next private.backlogs;
begin
  while v_room > 0 loop
    v_next := private.next_backlog(p_stage);
    exit when v_next.batch_id is null;
    v_count := private.enqueue(
      p_stage, v_next.batch_id, v_next.lane,
      private.lane_rank(v_next.lane, v_next.served_at, (select s.ageing from private.settings as s)),
      least(
        private.scope_room(v_next.tenant_id, v_next.project_id, v_next.batch_id),
        -- One at a time while others wait, so that everybody has a turn.
        case when exists (
          select from private.backlogs as g
          where g.stage = p_stage and g.waiting_count > 0 and g.tenant_id <> v_next.tenant_id
        ) then 1 else v_room end
      ));
    exit when v_count = 0;
    update private.windows set served_at = clock_timestamp() where scope_id = v_next.tenant_id;
    v_room := v_room - v_count;
    v_released := v_released + v_count;
  end loop;
  return v_released;
end
$$;
comment on function private.release_stage(text) is 'Fills the window of one stage, round-robin over tenants; returns how many tasks it released.';

create function private.release()
returns int
language sql
set search_path = ''
as $$
  select coalesce(sum(private.release_stage(w.stage)), 0)::int
  from (select distinct g.stage from private.backlogs as g where g.waiting_count > 0) as w
$$;
comment on function private.release() is 'Fills the windows of all stages that have work waiting.';
-- The task graph of a job, and the inputs of each of its tasks.
--
--   script_generation ─> audio_generation[scene] ─> video_generation[scene, raster]
--                           └─> platform_adaptation[platform] ─> post_processing[platform]

create function private.store_script(p_job public.generation_jobs, p_script jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  with script as (
    insert into public.scripts (tenant_id, project_id, job_id, content, word_count, total_duration, script_type, language)
    select p_job.tenant_id, p_job.project_id, p_job.id, p_script,
      (select coalesce(sum(array_length(regexp_split_to_array(btrim(s ->> 'voiceover_text'), '\s+'), 1)), 0)
       from jsonb_array_elements(p_script -> 'scenes') as s),
      coalesce((p_job.params ->> 'duration_s')::int, 0),
      coalesce(p_job.params ->> 'script_type', 'explainer'), coalesce(p_script ->> 'language', 'en')
    returning id, total_duration
  )
  insert into public.scenes (
    tenant_id, script_id, scene_number, duration, voiceover_text, visual_description, heading, points, scene_type, language
  )
  select p_job.tenant_id, script.id, (s ->> 'scene_number')::int,
    greatest(1, script.total_duration / jsonb_array_length(p_script -> 'scenes')), s ->> 'voiceover_text',
    s ->> 'visual_description', coalesce(s ->> 'heading', ''), coalesce(s -> 'points', '[]'), s ->> 'scene_type',
    coalesce(p_script ->> 'language', 'en')
  from script cross join jsonb_array_elements(p_script -> 'scenes') as s;
end
$$;
comment on function private.store_script(public.generation_jobs, jsonb) is 'Keeps a finished script and its scenes.';

create function private.expand_job(p_job public.generation_jobs, p_script_task_id uuid, p_script jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  with scene as (
    select (s ->> 'scene_number')::int as number from jsonb_array_elements(p_script -> 'scenes') as s
  ), target as (
    select p.platform, p.aspect, p.width, p.height from public.platforms as p where p.platform = any(p_job.platforms)
  ), audio as (
    select private.uuid_v7() as id, scene.number from scene
  ), video as (
    select private.uuid_v7() as id, audio.number, r.aspect, r.width, r.height, audio.id as audio_id
    from audio cross join (select distinct target.aspect, target.width, target.height from target) as r
  ), package as (
    select private.uuid_v7() as id, target.platform, target.aspect, target.width, target.height,
      (select array_agg(video.id order by video.number) from video
       where video.width = target.width and video.height = target.height) as needs
    from target
  ), task (id, stage, scene_number, aspect, width, height, platform, place, needs) as (
    select id, 'audio_generation', number, null::text, null::int, null::int, null::text, 1000 + number, array[p_script_task_id]
    from audio
    union all
    select id, 'video_generation', number, aspect, width, height, null, 2000 + number, array[audio_id] from video
    union all
    select id, 'platform_adaptation', null, aspect, width, height, platform, 3000, needs from package
    union all
    select private.uuid_v7(), 'post_processing', null, aspect, width, height, platform, 4000, array[id] from package
  )
  insert into public.stage_tasks (
    job_id, id, tenant_id, project_id, batch_id, stage, scene_number, aspect, width, height, platform, position, lane,
    needs, status, generation
  )
  select p_job.id, id, p_job.tenant_id, p_job.project_id, p_job.batch_id, stage, scene_number, aspect, width, height,
    platform, place, p_job.lane, needs, 'blocked', p_job.generation
  from task;
end
$$;
comment on function private.expand_job(public.generation_jobs, uuid, jsonb) is
  'Adds the tasks that follow from a script: sound per scene, picture per scene and raster, package per platform.';

create function private.script_of(p_job_id uuid, p_tenant_id uuid)
returns public.scripts
language sql
stable
set search_path = ''
as $$
  select s.* from public.scripts as s
  where s.tenant_id = p_tenant_id and s.job_id = p_job_id
  order by s.created_at desc, s.id desc
  limit 1
$$;
comment on function private.script_of(uuid, uuid) is 'The script a job works from: its newest.';

create function private.scene_media(p_task public.stage_tasks)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_agg(jsonb_build_object(
      'scene_number', v.scene_number, 'heading', s.heading,
      'segment', va.files -> 0, 'narration', aa.files -> 0,
      'sample_count', aa.facts -> 'sample_count', 'words', aa.facts -> 'words') order by v.scene_number)
    from public.stage_tasks as v
    join public.stage_tasks as a
      on a.job_id = v.job_id and a.stage = 'audio_generation' and a.scene_number = v.scene_number
    join public.artifacts as va on va.tenant_id = v.tenant_id and va.content_key = v.content_key
    join public.artifacts as aa on aa.tenant_id = a.tenant_id and aa.content_key = a.content_key
    cross join lateral private.script_of(p_task.job_id, p_task.tenant_id) as script
    join public.scenes as s on s.script_id = script.id and s.scene_number = v.scene_number
    where v.job_id = p_task.job_id and v.stage = 'video_generation'
      and v.width = p_task.width and v.height = p_task.height
  );
end
$$;
comment on function private.scene_media(public.stage_tasks) is 'Segment, narration and words of every scene at the raster of a platform''s task.';

create function private.scene_inputs(p_task public.stage_tasks, p_job public.generation_jobs, p_script public.scripts)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'scene', jsonb_build_object(
        'scene_number', s.scene_number, 'scene_type', s.scene_type, 'voiceover_text', s.voiceover_text,
        'visual_description', s.visual_description, 'heading', s.heading, 'points', s.points),
      'scene_count', (select count(*) from public.scenes as n where n.script_id = p_script.id),
      'aspect', p_task.aspect, 'width', p_task.width, 'height', p_task.height, 'language', p_script.language,
      'tone', coalesce(p_job.params ->> 'tone', 'educational'),
      'sample_count', aa.facts -> 'sample_count', 'words', aa.facts -> 'words',
      -- The user's pictures go to the scenes in turn, and begin again when there are fewer of them.
      'image', p_job.params -> 'images' -> ((s.scene_number - 1) % greatest(1, jsonb_array_length(p_job.params -> 'images'))))
    from public.scenes as s
    join public.stage_tasks as a
      on a.job_id = p_task.job_id and a.stage = 'audio_generation' and a.scene_number = p_task.scene_number
    join public.artifacts as aa on aa.tenant_id = a.tenant_id and aa.content_key = a.content_key
    where s.script_id = p_script.id and s.scene_number = p_task.scene_number
  );
end
$$;
comment on function private.scene_inputs(public.stage_tasks, public.generation_jobs, public.scripts) is 'Inputs of video_generation.';

create function private.package_inputs(p_task public.stage_tasks, p_job public.generation_jobs, p_script public.scripts)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'rules', (select to_jsonb(r) - array['is_offered', 'source', 'checked_on'] from public.platforms as r where r.platform = p_task.platform),
      'title', p_script.content ->> 'title', 'description', p_script.content ->> 'description',
      'key_points', coalesce(p_script.content -> 'key_points', '[]'), 'hashtags', coalesce(p_script.content -> 'hashtags', '[]'),
      'language', p_script.language, 'tone', coalesce(p_job.params ->> 'tone', 'educational'),
      'video', a.files -> 0, 'duration_ms', a.facts -> 'duration_ms',
      'scenes', (
        select jsonb_agg(m order by (m ->> 'scene_number')::int)
        from jsonb_array_elements(private.scene_media(p_task)) as m
        where a.facts -> 'scenes_used' @> (m -> 'scene_number')
      ))
    from public.stage_tasks as t
    join public.artifacts as a on a.tenant_id = t.tenant_id and a.content_key = t.content_key
    where t.job_id = p_task.job_id and t.id = any(p_task.needs)
  );
end
$$;
comment on function private.package_inputs(public.stage_tasks, public.generation_jobs, public.scripts) is 'Inputs of post_processing.';

create function private.task_inputs(p_task public.stage_tasks)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  v_job public.generation_jobs;
  v_script public.scripts;
begin
  select * into strict v_job from public.generation_jobs where id = p_task.job_id;
  v_script := private.script_of(p_task.job_id, p_task.tenant_id);
  return jsonb_strip_nulls(case p_task.stage
    when 'script_generation' then jsonb_build_object(
      'topic', v_job.topic, 'brief', v_job.params -> 'brief', 'audience', v_job.params -> 'audience',
      'tone', v_job.params -> 'tone', 'script_type', v_job.params -> 'script_type',
      'language', v_job.params -> 'language', 'duration_s', v_job.params -> 'duration_s')
    when 'audio_generation' then (
      select jsonb_build_object('text', s.voiceover_text, 'language', v_script.language, 'voice', v_job.params -> 'voice')
      from public.scenes as s where s.script_id = v_script.id and s.scene_number = p_task.scene_number)
    when 'video_generation' then private.scene_inputs(p_task, v_job, v_script)
    when 'platform_adaptation' then jsonb_build_object(
      'rules', (select to_jsonb(r) - array['is_offered', 'source', 'checked_on'] from public.platforms as r where r.platform = p_task.platform),
      'scenes', private.scene_media(p_task))
    when 'post_processing' then private.package_inputs(p_task, v_job, v_script)
  end);
end
$$;
comment on function private.task_inputs(public.stage_tasks) is
  'The canonical inputs of a task, from the job, its script and the artifacts of what it needs. Equal inputs give an equal content key.';
-- create_batch: topics in, one transaction. Validates, inserts batch, jobs and first tasks, releases, enqueues.

create function private.as_problem(p_row bigint, p_field text, p_reason text)
returns jsonb
language sql
immutable
set search_path = ''
return jsonb_build_object('row', p_row, 'field', p_field, 'reason', p_reason);
comment on function private.as_problem(bigint, text, text) is 'One reason why a topic (its place from 1) or an option (no place) cannot be used.';

create function private.is_own_file(p_file jsonb)
returns boolean
language sql
stable
set search_path = ''
return jsonb_typeof(p_file) = 'object'
  and p_file ?& array['role', 'name', 'sha256', 'path', 'size_bytes', 'media_type']
  -- Workers read every tenant's files: a path into another tenant's folder would show its files to this one.
  and starts_with(p_file ->> 'path', private.tenant_id() || '/') and p_file ->> 'path' !~ '(^|/)\.\.?(/|$)';
comment on function private.is_own_file(jsonb) is 'Whether this describes a stored file in the folder of the caller''s tenant.';

create function private.topic_choices()
returns table (field text, allowed text [])
language sql
stable
set search_path = ''
as $$
  values
  ('tone', array['professional', 'casual', 'educational', 'entertaining', 'motivational']),
  ('script_type', array['explainer', 'tutorial', 'story', 'demo', 'testimonial']),
  ('priority', array['urgent', 'premium', 'standard']),
  ('platforms', array(select r.platform from public.platforms as r where r.is_offered order by r.platform))
$$;
comment on function private.topic_choices() is 'The fields of a topic that take one of a list, or several.';

create function private.topic_problems(p_topics jsonb)
returns jsonb
language sql
stable
set search_path = ''
as $$
  with topic as materialized (
    select t.ordinality as n, case jsonb_typeof(t.value) when 'object' then t.value else '{}'::jsonb end as v
    from jsonb_array_elements(p_topics) with ordinality as t
  ), problem as (
    select t.n, c.field, c.reason
    from topic as t
    cross join lateral (values
      ('topic', case when coalesce(btrim(t.v ->> 'topic'), '') = '' then 'is missing or empty'
        when length(t.v ->> 'topic') > 500 then 'is longer than 500 characters' end),
      ('brief', case when length(t.v ->> 'brief') > 50000 then 'is longer than 50,000 characters' end),
      ('audience', case when length(t.v ->> 'audience') > 500 then 'is longer than 500 characters' end),
      ('voice', case when length(t.v ->> 'voice') > 100 then 'is longer than 100 characters' end),
      ('metadata', case when length(t.v ->> 'metadata') > 20000 then 'is longer than 20,000 characters' end),
      ('language', case when t.v ->> 'language' !~ '^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$' then 'is not a language tag like en or pt-BR' end),
      ('duration_s', case when jsonb_typeof(t.v -> 'duration_s') <> 'null' and not case
          when jsonb_typeof(t.v -> 'duration_s') = 'number' and t.v ->> 'duration_s' ~ '^[0-9]{1,3}$'
            then (t.v ->> 'duration_s')::int between 5 and 600
          else false end then 'is not a whole number from 5 to 600' end),
      ('platforms', case when jsonb_typeof(t.v -> 'platforms') is distinct from 'array' or t.v -> 'platforms' = '[]'
        then 'names no platform' end),
      ('images', case when jsonb_typeof(t.v -> 'images') not in ('array', 'null') or jsonb_path_exists(t.v, '$.images[50]')
        then 'is not a list of up to 50 stored files' end)
    ) as c (field, reason)
    where c.reason is not null
    union all
    select t.n, f.field, 'is not text'
    from unnest('{topic,brief,audience,tone,script_type,priority,language,voice}'::text []) as f (field)
    join topic as t on jsonb_typeof(t.v -> f.field) not in ('string', 'null')
    union all
    select t.n, k.field, 'is not something a topic has'
    from topic as t
    cross join lateral jsonb_object_keys(t.v - '{topic,brief,audience,tone,script_type,priority,language,voice}'::text []
      - '{duration_s,platforms,images,metadata}'::text []) as k (field)
    union all
    select t.n, c.field, format('%L is not one of %s', x.value, array_to_string(c.allowed, ', '))
    from private.topic_choices() as c
    join topic as t on jsonb_typeof(t.v -> c.field) <> 'null'
    cross join lateral jsonb_array_elements_text(
      case jsonb_typeof(t.v -> c.field) when 'array' then t.v -> c.field else jsonb_build_array(t.v -> c.field) end) as x (value)
    where coalesce(x.value, 'null') <> all(c.allowed)
    union all
    select t.n, 'images', 'holds something that is not a stored file of yours'
    from topic as t
    cross join lateral jsonb_array_elements(case jsonb_typeof(t.v -> 'images') when 'array' then t.v -> 'images' else '[]' end) as i
    where not private.is_own_file(i)
  )
  select jsonb_agg(private.as_problem(n, field, reason) order by n, field) from problem
$$;
comment on function private.topic_problems(jsonb) is 'Everything wrong with a list of topics; null when nothing is.';

create function private.option_problems(p_options jsonb)
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select jsonb_agg(private.as_problem(null, o.key, p.reason) order by o.key)
  from jsonb_each(p_options) as o
  cross join lateral (
    select case o.key
      when 'title' then case when jsonb_typeof(o.value) <> 'string' or length(p_options ->> 'title') > 200
        then 'is not text of up to 200 characters' end
      when 'max_concurrent_tasks' then case when o.value::text !~ '^([1-9][0-9]{0,5}|null)$' then 'is not a whole number from 1 to 999,999' end
      when 'job_type' then case when p_options ->> 'job_type' not in ('single', 'batch') then 'is neither single nor batch' end
    end as reason
  ) as p
  where p.reason is not null
$$;
comment on function private.option_problems(jsonb) is 'Everything wrong with the options of a batch; null when nothing is. Options of other names are kept as they are.';

create function private.check_request(p_topics jsonb, p_options jsonb)
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  v_count int := case jsonb_typeof(p_topics) when 'array' then jsonb_array_length(p_topics) else 0 end;
  v_problems jsonb;
begin
  if coalesce(v_count, 0) not between 1 and 10000 then
    raise exception 'A batch takes a list of 1 to 10,000 topics.'
      using errcode = 'CR001', hint = 'Split a longer list into several batches.';
  elsif jsonb_typeof(p_options) is distinct from 'object' then
    raise exception 'The options of a batch are an object.' using errcode = 'CR001', hint = 'Send {} for none.';
  end if;
  v_problems := coalesce(private.option_problems(p_options), '[]') || coalesce(private.topic_problems(p_topics), '[]');
  if v_problems <> '[]' then
    raise exception '% of the topics and options cannot be used.', (
      select count(distinct coalesce(p ->> 'row', p ->> 'field')) from jsonb_array_elements(v_problems) as p)
      using errcode = 'CR001', detail = v_problems::text, hint = 'Correct the rows and fields named, or leave them out.';
  end if;
end
$$;
comment on function private.check_request(jsonb, jsonb) is 'Raises CR001, with every problem in the detail, unless a batch can be made of this.';

create function private.check_may_create(p_project_id uuid)
returns public.projects
language plpgsql
stable
set search_path = ''
as $$
declare
  v_project public.projects;
begin
  if private.tenant_id() is null then
    raise exception 'You are not signed in to a tenant.'
      using errcode = 'CR003', hint = 'Sign in, or ask an owner to invite you.';
  end if;
  select * into v_project from public.projects
  where id = p_project_id and tenant_id = private.tenant_id() and deleted_at is null;
  if not found then
    raise exception 'There is no project %.', p_project_id
      using errcode = 'CR002', hint = 'List the projects, and use the id of one of them.';
  end if;
  if not exists (select from private.controlled_project_ids() as c where c = p_project_id) then
    raise exception 'Your role does not allow you to create jobs in this project.'
      using errcode = 'CR003', hint = 'Ask its owner to add you as an editor.';
  end if;
  return v_project;
end
$$;
comment on function private.check_may_create(uuid) is 'The project, if the caller may create jobs in it; raises otherwise.';

create function private.insert_jobs(p_batch public.batches, p_topics jsonb, p_job_type text)
returns void
language sql
set search_path = ''
as $$
  with job as (
    insert into public.generation_jobs (
      id, tenant_id, project_id, batch_id, position, job_type, lane, topic, platforms, params, stage
    )
    select private.uuid_v7(), p_batch.tenant_id, p_batch.project_id, p_batch.id, t.ordinality, p_job_type,
      coalesce(t.value ->> 'priority', 'standard'), btrim(t.value ->> 'topic'),
      array(select distinct p from jsonb_array_elements_text(t.value -> 'platforms') as p order by p),
      jsonb_strip_nulls(t.value - array['topic', 'platforms', 'priority']), 'script_generation'
    from jsonb_array_elements(p_topics) with ordinality as t
    returning id, lane
  )
  insert into public.stage_tasks (job_id, tenant_id, project_id, batch_id, stage, position, lane)
  select job.id, p_batch.tenant_id, p_batch.project_id, p_batch.id, 'script_generation', 0, job.lane from job
$$;
comment on function private.insert_jobs(public.batches, jsonb, text) is 'One job and its first task for each topic, in order.';

create function private.insert_batch(p_project public.projects, p_options jsonb)
returns public.batches
language plpgsql
set search_path = ''
as $$
declare
  v_batch public.batches;
  v_number bigint;
begin
  update public.tenants set last_batch_number = last_batch_number + 1
  where id = p_project.tenant_id
  returning last_batch_number into v_number;
  insert into public.batches (tenant_id, project_id, number, title, options, max_concurrent_tasks, created_by)
  values (p_project.tenant_id, p_project.id, v_number, coalesce(p_options ->> 'title', ''),
    p_options - array['title', 'max_concurrent_tasks', 'job_type'],
    (p_options ->> 'max_concurrent_tasks')::int, private.user_id())
  returning * into v_batch;
  return v_batch;
end
$$;
comment on function private.insert_batch(public.projects, jsonb) is 'A new batch of a project, with the tenant''s next number.';

create function private.batch_of_key(p_project public.projects, p_key text, p_request jsonb)
returns public.batches
language plpgsql
set search_path = ''
as $$
declare
  v_hash text := encode(sha256(convert_to(p_request::text, 'UTF8')), 'hex');
  v_known public.idempotency_keys;
  v_batch public.batches;
begin
  if length(p_key) not between 1 and 200 then
    raise exception 'The idempotency key has % characters.', length(p_key)
      using errcode = 'CR001', hint = 'Use 1 to 200 characters, for example a random UUID.';
  end if;
  insert into public.idempotency_keys (tenant_id, key, request_hash) values (p_project.tenant_id, p_key, v_hash)
  on conflict (tenant_id, key) do nothing;
  if not found then
    select * into v_known from public.idempotency_keys where tenant_id = p_project.tenant_id and key = p_key;
    if v_known.request_hash <> v_hash then
      raise exception 'This idempotency key was used for another request.'
        using errcode = 'CR004', hint = 'Use a new key for a new request.';
    end if;
    select * into v_batch from public.batches where id = v_known.batch_id;
  end if;
  return v_batch;
end
$$;
comment on function private.batch_of_key(public.projects, text, jsonb) is
  'The batch that an idempotency key has made already; null for a new key, which is kept. Raises CR004 when the key was used for another request.';

create function public.create_batch(
  project_id uuid, topics jsonb, options jsonb default '{}', idempotency_key text default null
)
returns jsonb
language plpgsql
-- definer: users may not write jobs and tasks; it asserts tenant, role and project itself.
security definer
set search_path = ''
-- Queries on partitioned tables, those of foreign keys too, would otherwise be planned again for every row and call.
set plan_cache_mode = 'force_generic_plan'
as $$
#variable_conflict use_column
declare
  v_project public.projects;
  v_batch public.batches;
  v_is_new boolean := true;
begin
  -- Before anything is locked: a new leaf locks whole tables.
  perform private.ensure_partitions(1);
  v_project := private.check_may_create(create_batch.project_id);
  perform private.lock_tenant(v_project.tenant_id);
  if idempotency_key is not null then
    v_batch := private.batch_of_key(v_project, idempotency_key, jsonb_build_array(project_id, topics, options));
    v_is_new := v_batch.id is null;
  end if;
  if v_is_new then
    perform private.check_request(topics, options);
    v_batch := private.insert_batch(v_project, options);
    perform private.insert_jobs(v_batch, topics, coalesce(options ->> 'job_type', 'batch'));
    update public.idempotency_keys as k set batch_id = v_batch.id
    where k.tenant_id = v_project.tenant_id and k.key = create_batch.idempotency_key;
    perform private.release();
  end if;
  return (
    select jsonb_build_object('batch_id', b.id, 'number', b.number, 'job_count', b.job_count, 'is_new', v_is_new)
    from public.batches as b where b.id = v_batch.id);
end
$$;
comment on function public.create_batch(uuid, jsonb, jsonb, text) is
  'Creates a batch: one job per topic object {topic, platforms, brief?, audience?, tone?, script_type?, language?, duration_s?, priority?, '
  'voice?, images?}, in one transaction. Options: title, max_concurrent_tasks, job_type. The same idempotency key and request again return '
  'the same batch. Raises CR001 with every problem in the detail, CR002, CR003 or CR004.';
grant execute on function public.create_batch(uuid, jsonb, jsonb, text) to authenticated;
-- Claim, report, complete, fail, hand back: what a worker may do with a task. Each locks the tenant first, and all but
-- claim ask for the fencing token. They keep generic plans, which cost half: partitions are pruned when a query runs, by
-- the job's id.

create function private.lock_task(p_job_id uuid, p_task_id uuid)
returns public.stage_tasks
language plpgsql
set search_path = ''
as $$
declare
  v_task public.stage_tasks;
  v_tenant_id uuid;
begin
  select tenant_id into v_tenant_id from public.stage_tasks where job_id = p_job_id and id = p_task_id;
  if not found then
    return null;
  end if;
  perform private.lock_tenant(v_tenant_id);
  select * into v_task from public.stage_tasks where job_id = p_job_id and id = p_task_id for update;
  return v_task;
end
$$;
comment on function private.lock_task(uuid, uuid) is 'The task, with its tenant and itself locked, in that order; null when it is gone.';

create function private.lock_own_task(p_job_id uuid, p_task_id uuid, p_attempt_id uuid)
returns public.stage_tasks
language plpgsql
set search_path = ''
as $$
declare
  v_task public.stage_tasks := private.lock_task(p_job_id, p_task_id);
begin
  if v_task.status is distinct from 'processing' or v_task.attempt_id is distinct from p_attempt_id then
    raise exception 'Attempt % no longer owns task %, which is %.', p_attempt_id, p_task_id, coalesce(v_task.status, 'gone')
      using errcode = 'CR005', hint = 'Drop its result: another attempt has the task, or it was withdrawn.';
  end if;
  return v_task;
end
$$;
comment on function private.lock_own_task(uuid, uuid, uuid) is 'The task, locked, if the attempt still owns it; raises CR005 otherwise.';

create function private.is_paused(p_task public.stage_tasks)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(
      j.paused_at, b.paused_at, b.deleted_at, p.paused_at, p.deleted_at, t.paused_at, t.deleted_at
    ) is not null
    from public.generation_jobs as j
    join public.batches as b on b.id = j.batch_id
    join public.projects as p on p.id = j.project_id
    join public.tenants as t on t.id = j.tenant_id
    where j.id = p_task.job_id
  );
end
$$;
comment on function private.is_paused(public.stage_tasks) is 'Whether its job, batch, project or tenant is paused, or about to be purged.';

create function private.wake_waiting_for(p_tenant_id uuid, p_content_key text)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.stage_tasks set awaits_key = null where tenant_id = p_tenant_id and awaits_key = p_content_key;
end
$$;
comment on function private.wake_waiting_for(uuid, text) is 'Lets tasks run again that waited for another to compute this key.';

create function private.reserve_artifact(p_task public.stage_tasks, p_content_key text, p_version text, p_attempt_id uuid)
returns text
language plpgsql
set search_path = ''
as $$
declare
  v_artifact public.artifacts;
begin
  insert into public.artifacts (tenant_id, content_key, stage, stage_version, attempt_id, job_id, task_id)
  values (p_task.tenant_id, p_content_key, p_task.stage, p_version, p_attempt_id, p_task.job_id, p_task.id)
  on conflict (tenant_id, content_key) do nothing;
  if found then
    return 'run';
  end if;
  select * into v_artifact from public.artifacts
  where tenant_id = p_task.tenant_id and content_key = p_content_key for update;
  if v_artifact.status = 'ready' then
    update public.artifacts set reuse_count = reuse_count + 1, last_used_at = now()
    where tenant_id = p_task.tenant_id and content_key = p_content_key;
    return 'reused';
  elsif exists (
    select from public.stage_tasks as t
    where t.job_id = v_artifact.job_id and t.id = v_artifact.task_id
      and t.status = 'processing' and t.attempt_id = v_artifact.attempt_id
  ) then
    return 'parked';
  end if;
  -- Whoever was computing it is gone without a result: take over.
  update public.artifacts
  set attempt_id = p_attempt_id, job_id = p_task.job_id, task_id = p_task.id, created_at = now()
  where tenant_id = p_task.tenant_id and content_key = p_content_key;
  return 'run';
end
$$;
comment on function private.reserve_artifact(public.stage_tasks, text, text, uuid) is
  'Decides for a claimed task: run (this attempt computes), reused (it is there), or parked (another attempt is computing it).';

create function private.store_content(p_task public.stage_tasks, p_artifact public.artifacts)
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into public.generated_content (
    tenant_id, project_id, job_id, task_id, scene_id, content_type, role, file_name, file_path, file_size, sha256,
    duration_ms, duration, platform, resolution, format, generation_metadata
  )
  select p_task.tenant_id, p_task.project_id, p_task.job_id, p_task.id, s.id,
    case f ->> 'role' when 'narration' then 'audio' when 'segment' then 'video' when 'video' then 'video'
      when 'thumbnail' then 'thumbnail' when 'manifest' then 'manifest' else 'subtitle' end,
    f ->> 'role', f ->> 'name', f ->> 'path', (f ->> 'size_bytes')::bigint, f ->> 'sha256',
    d.duration_ms, ceil(d.duration_ms / 1000.0)::int, coalesce(p_task.platform, 'universal'),
    case when f ->> 'role' in ('segment', 'video') then p_task.width || 'x' || p_task.height end,
    nullif(substring(f ->> 'name' from '\.([^.]+)$'), ''),
    jsonb_build_object('content_key', p_artifact.content_key, 'stage_version', p_artifact.stage_version,
      'is_reused', p_task.is_reused)
      || coalesce(jsonb_strip_nulls(jsonb_build_object('provider', p_artifact.facts -> 'provider',
        'voice_id', p_artifact.facts -> 'voice', 'layout', p_artifact.facts -> 'layout')), '{}')
  from jsonb_array_elements(p_artifact.files) as f
  cross join lateral (
    select coalesce((p_artifact.facts ->> 'duration_ms')::int, ((p_artifact.facts ->> 'sample_count')::bigint / 48)::int,
      ((p_artifact.facts ->> 'frame_count')::int * 1000 / 30)) as duration_ms
  ) as d
  left join public.scenes as s
    on p_task.scene_number is not null and s.scene_number = p_task.scene_number
    and s.script_id = (private.script_of(p_task.job_id, p_task.tenant_id)).id;
end
$$;
comment on function private.store_content(public.stage_tasks, public.artifacts) is 'One row of generated_content for each file of an artifact.';

create function private.finish_task(p_task public.stage_tasks, p_content_key text, p_is_reused boolean)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_artifact public.artifacts;
  v_job public.generation_jobs;
begin
  select * into strict v_artifact from public.artifacts
  where tenant_id = p_task.tenant_id and content_key = p_content_key and status = 'ready';
  p_task.is_reused := p_is_reused;
  if p_task.stage = 'script_generation' then
    select * into strict v_job from public.generation_jobs where id = p_task.job_id;
    perform private.store_script(v_job, v_artifact.facts);
    perform private.expand_job(v_job, p_task.id, v_artifact.facts);
  elsif p_task.stage = 'audio_generation' then
    update public.scenes set duration_ms = (v_artifact.facts ->> 'sample_count')::bigint / 48,
      duration = ceil((v_artifact.facts ->> 'sample_count')::numeric / 48000)
    where script_id = (private.script_of(p_task.job_id, p_task.tenant_id)).id and scene_number = p_task.scene_number;
  end if;
  perform private.store_content(p_task, v_artifact);
  update public.stage_tasks
  set status = 'completed', progress = 100, completed_at = now(), content_key = p_content_key, is_reused = p_is_reused,
    error_code = null, error_message = null, next_step = null
  where job_id = p_task.job_id and id = p_task.id;
  perform private.wake_waiting_for(p_task.tenant_id, p_content_key);
  perform private.release();
end
$$;
comment on function private.finish_task(public.stage_tasks, text, boolean) is
  'Completes a task with a ready artifact: keeps what it made, adds the tasks that follow from a script, unlocks dependents, releases the next.';

create function private.start_attempt(p_task public.stage_tasks, p_attempt_id uuid, p_worker_id uuid, p_content_key text)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.stage_tasks
  set status = 'processing', attempt_id = p_attempt_id, worker_id = p_worker_id, content_key = p_content_key,
    started_at = now(), progress = 0, is_reused = false
  where job_id = p_task.job_id and id = p_task.id;
  insert into public.task_attempts (job_id, id, task_id, tenant_id, generation, number, worker_id, host)
  select p_task.job_id, p_attempt_id, p_task.id, p_task.tenant_id, p_task.generation,
    1 + (select count(*) from public.task_attempts as a where a.job_id = p_task.job_id and a.task_id = p_task.id),
    p_worker_id, coalesce((select w.host from private.workers as w where w.id = p_worker_id), '');
end
$$;
comment on function private.start_attempt(public.stage_tasks, uuid, uuid, text) is 'Gives a queued task to a worker, as its next attempt.';

create function private.claim_task(
  p_job_id uuid, p_task_id uuid, p_entry_id bigint, p_worker_id uuid, p_version text
)
returns jsonb
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_task public.stage_tasks := private.lock_task(p_job_id, p_task_id);
  v_attempt_id uuid := private.uuid_v7();
  v_inputs jsonb;
  v_key text;
  v_verdict text;
begin
  if v_task.entry_id is distinct from p_entry_id or v_task.status is null then
    return jsonb_build_object('verdict', 'stale');
  end if;
  if v_task.status = 'queued' and private.is_paused(v_task) then
    update public.stage_tasks set status = 'pending' where job_id = p_job_id and id = p_task_id;
    perform private.release();
    return jsonb_build_object('verdict', 'paused');
  end if;
  v_inputs := private.task_inputs(v_task);
  v_key := encode(sha256(convert_to(concat_ws(E'\n', v_task.stage, p_version, v_inputs::text), 'UTF8')), 'hex');
  if v_task.status = 'queued' then
    v_verdict := private.reserve_artifact(v_task, v_key, p_version, v_attempt_id);
  elsif v_task.worker_id = p_worker_id then
    -- Asked twice: the answer to the first call was lost on its way.
    v_verdict := 'run';
    v_attempt_id := v_task.attempt_id;
  else
    return jsonb_build_object('verdict', 'stale');
  end if;
  if v_verdict = 'reused' then
    perform private.finish_task(v_task, v_key, true);
  elsif v_verdict = 'parked' then
    update public.stage_tasks set status = 'pending', awaits_key = v_key where job_id = p_job_id and id = p_task_id;
    perform private.release();
  elsif v_task.status = 'queued' then
    perform private.start_attempt(v_task, v_attempt_id, p_worker_id, v_key);
  end if;
  return jsonb_build_object('verdict', v_verdict, 'attempt_id', v_attempt_id, 'stage', v_task.stage,
    'tenant_id', v_task.tenant_id, 'content_key', v_key, 'inputs', case v_verdict when 'run' then v_inputs end);
end
$$;
comment on function private.claim_task(uuid, uuid, bigint, uuid, text) is
  'Gives a queued task to a worker. Verdict: run (with inputs and the attempt id, which is the fencing token), reused (an equal artifact was '
  'there, the task is completed), parked (an equal artifact is being made), paused, or stale (the queue entry is no longer the task''s). '
  'Asking twice does no harm: the worker that has the task gets the same answer again.';

create function private.complete_task(
  p_job_id uuid, p_task_id uuid, p_attempt_id uuid, p_facts jsonb, p_files jsonb, p_timings jsonb
)
returns void
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_task public.stage_tasks := private.lock_task(p_job_id, p_task_id);
begin
  if v_task.status = 'completed' and v_task.attempt_id = p_attempt_id then
    return; -- Said twice: the answer to the first call was lost on its way.
  end if;
  v_task := private.lock_own_task(p_job_id, p_task_id, p_attempt_id);
  update public.artifacts
  set status = 'ready', ready_at = now(), facts = p_facts, files = p_files,
    size_bytes = (select coalesce(sum((f ->> 'size_bytes')::bigint), 0) from jsonb_array_elements(p_files) as f)
  where tenant_id = v_task.tenant_id and content_key = v_task.content_key;
  update public.task_attempts set status = 'completed', finished_at = now(), timings = p_timings
  where job_id = p_job_id and id = p_attempt_id;
  perform private.finish_task(v_task, v_task.content_key, false);
end
$$;
comment on function private.complete_task(uuid, uuid, uuid, jsonb, jsonb, jsonb) is
  'Completes a task in one round trip: keeps facts and files as its artifact, unlocks dependents, releases the next. Raises CR005 for a stale token; '
  'saying it twice does no harm.';

create function private.report_progress(p_job_id uuid, p_task_id uuid, p_attempt_id uuid, p_progress int)
returns void
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
begin
  -- Progress may be forgotten in a crash; nobody waits for the disk because of it.
  perform set_config('synchronous_commit', 'off', true);
  perform private.lock_own_task(p_job_id, p_task_id, p_attempt_id);
  update public.stage_tasks
  set progress = least(99, p_progress)
  where job_id = p_job_id and id = p_task_id and progress < least(99, p_progress);
end
$$;
comment on function private.report_progress(uuid, uuid, uuid, int) is
  'Says how far a task is, in percent; never goes back. Raises CR005 when the attempt no longer owns the task, and the worker stops it.';
-- What becomes of a task whose attempt did not complete.

create function private.backoff(p_failure_count int, p_retry_after interval)
returns interval
language sql
volatile
set search_path = ''
as $$
  select greatest(
    coalesce(p_retry_after, interval '0'),
    interval '0.2 seconds' + random() * least(s.backoff_cap, s.backoff_base * 2 ^ least(p_failure_count - 1, 20))
  )
  from private.settings as s
$$;
comment on function private.backoff(int, interval) is
  'How long to wait before the next attempt: exponential with full jitter, capped, and never less than the other side asked for.';

create function private.end_attempt(p_task public.stage_tasks, p_status text, p_error jsonb, p_timings jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.task_attempts
  set status = p_status, finished_at = now(), timings = coalesce(p_timings, '{}'),
    error_code = p_error ->> 'error_code', error_message = p_error ->> 'message', next_step = p_error ->> 'next_step',
    is_retriable = (p_error ->> 'is_retriable')::boolean
  where job_id = p_task.job_id and id = p_task.attempt_id;
  delete from public.artifacts
  where tenant_id = p_task.tenant_id and content_key = p_task.content_key
    and status = 'computing' and attempt_id = p_task.attempt_id;
  perform private.wake_waiting_for(p_task.tenant_id, p_task.content_key);
end
$$;
comment on function private.end_attempt(public.stage_tasks, text, jsonb, jsonb) is
  'Closes the running attempt of a task without a result, and lets tasks run that waited for it.';

create function private.fail_for_good(p_task public.stage_tasks, p_error jsonb)
returns void
language sql
set search_path = ''
as $$
  update public.stage_tasks
  set status = 'failed', completed_at = now(),
    error_code = coalesce(p_error ->> 'error_code', 'UNKNOWN_FAILURE'),
    error_message = coalesce(p_error ->> 'message', 'The task failed, and said no more.'),
    next_step = coalesce(p_error ->> 'next_step', ''),
    failure_count = p_task.failure_count, lost_count = p_task.lost_count
  where job_id = p_task.job_id and id = p_task.id
$$;
comment on function private.fail_for_good(public.stage_tasks, jsonb) is 'Makes a task a dead letter: it keeps its inputs, its attempts and what to do next.';

create function private.fail_task(
  p_job_id uuid, p_task_id uuid, p_attempt_id uuid, p_error jsonb, p_timings jsonb default '{}'
)
returns text
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_task public.stage_tasks := private.lock_own_task(p_job_id, p_task_id, p_attempt_id);
  v_status text;
begin
  perform private.end_attempt(v_task, 'failed', p_error, p_timings);
  v_task.failure_count := v_task.failure_count + 1;
  -- An error that nobody has classified may be gone the next time.
  if coalesce((p_error ->> 'is_retriable')::boolean, true)
    and v_task.failure_count < (select s.max_failures from private.settings as s) then
    update public.stage_tasks
    set status = 'pending', failure_count = v_task.failure_count, progress = 0,
      run_at = now() + private.backoff(v_task.failure_count, make_interval(secs => (p_error ->> 'retry_after_s')::float8)),
      error_code = p_error ->> 'error_code', error_message = p_error ->> 'message', next_step = p_error ->> 'next_step'
    where job_id = p_job_id and id = p_task_id;
    v_status := 'pending';
  else
    perform private.fail_for_good(v_task, p_error);
    v_status := 'failed';
  end if;
  perform private.release();
  return v_status;
end
$$;
comment on function private.fail_task(uuid, uuid, uuid, jsonb, jsonb) is
  'Ends an attempt with an error {error_code, message, next_step, is_retriable, retry_after_s}: the task waits for its next attempt (pending) or is a '
  'dead letter (failed). Returns which.';

create function private.put_back(p_task public.stage_tasks)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.end_attempt(p_task, 'handed_back', null, null);
  update public.stage_tasks set status = 'pending', progress = 0 where job_id = p_task.job_id and id = p_task.id;
end
$$;
comment on function private.put_back(public.stage_tasks) is 'Lets a running task, which its worker gives up, wait again.';

create function private.hand_back_task(p_job_id uuid, p_task_id uuid, p_attempt_id uuid)
returns void
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
begin
  perform private.put_back(private.lock_own_task(p_job_id, p_task_id, p_attempt_id));
  perform private.release();
end
$$;
comment on function private.hand_back_task(uuid, uuid, uuid) is 'A stopping worker gives a task back unfinished; it counts as neither failed nor lost.';

create function private.lose_task(p_task public.stage_tasks)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_error constant jsonb := jsonb_build_object(
    'error_code', 'WORKER_LOST', 'message', 'The worker died while it ran this task.', 'is_retriable', true,
    'next_step', 'Look at the worker''s log and memory, then retry the job.');
begin
  perform private.end_attempt(p_task, 'lost', v_error, null);
  p_task.lost_count := p_task.lost_count + 1;
  if p_task.lost_count < (select s.max_losses from private.settings as s) then
    update public.stage_tasks set status = 'pending', progress = 0, lost_count = p_task.lost_count
    where job_id = p_task.job_id and id = p_task.id;
  else
    perform private.fail_for_good(p_task, v_error);
  end if;
end
$$;
comment on function private.lose_task(public.stage_tasks) is 'Puts a task back whose worker died; after too many losses it is held to be the cause.';

create function public.retry_job(job_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write jobs and tasks; it asserts the right to control the project itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_job public.generation_jobs;
  v_count int;
begin
  select * into v_job from public.generation_jobs as j
  where j.id = retry_job.job_id and j.tenant_id = private.tenant_id();
  if not found then
    raise exception 'There is no job %.', retry_job.job_id using errcode = 'CR002', hint = 'List the jobs, and use the id of one of them.';
  end if;
  perform private.check_may_create(v_job.project_id);
  perform private.lock_tenant(v_job.tenant_id);
  select * into v_job from public.generation_jobs as j where j.id = retry_job.job_id for update;
  if v_job.status not in ('failed', 'cancelled') then
    raise exception 'The job is %; only one that failed or was cancelled can be retried.', v_job.status
      using errcode = 'CR004', hint = 'Wait until it has ended.';
  end if;
  update public.generation_jobs as j
  set status = 'pending', generation = j.generation + 1, progress = 0, completed_at = null,
    error_code = null, error_message = null, next_step = null
  where j.id = retry_job.job_id;
  update public.stage_tasks as t
  set status = case when exists (
      select from public.stage_tasks as n where n.job_id = t.job_id and n.id = any(t.needs) and n.status <> 'completed'
    ) then 'blocked' else 'pending' end,
    generation = v_job.generation + 1, failure_count = 0, lost_count = 0, completed_at = null, progress = 0,
    error_code = null, error_message = null, next_step = null
  where t.job_id = retry_job.job_id and t.status in ('failed', 'cancelled');
  get diagnostics v_count = row_count;
  perform private.release();
  return jsonb_build_object('job_id', retry_job.job_id, 'retried_tasks', v_count, 'generation', v_job.generation + 1);
end
$$;
comment on function public.retry_job(uuid) is
  'Runs again what failed or was cancelled in a job; what was finished stays. Starts the next generation. Raises CR002, CR003 or CR004.';
grant execute on function public.retry_job(uuid) to authenticated;
-- Workers: register, beat, leave; and the ticker, the one loop that needs a clock.

create function private.register_worker(
  p_worker_id uuid, p_stages text [], p_slots int, p_host text, p_process_id int, p_version text
)
returns double precision
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
begin
  insert into private.workers (id, stages, slots, host, process_id, version)
  values (p_worker_id, p_stages, p_slots, p_host, p_process_id, p_version)
  on conflict (id) do update set heartbeat_at = now(), is_draining = false;
  perform private.release();
  return (select extract(epoch from s.dead_after) from private.settings as s);
end
$$;
comment on function private.register_worker(uuid, text [], int, text, int, text) is
  'Makes a worker known, and releases work for its slots. Once more after a lost connection does no harm. Returns after how many seconds of '
  'silence the worker is held to be dead.';

create function private.beat(p_worker_id uuid)
returns boolean
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
as $$
begin
  -- A heartbeat may be forgotten in a crash; nobody waits for the disk because of it.
  perform set_config('synchronous_commit', 'off', true);
  update private.workers set heartbeat_at = now() where id = p_worker_id;
  return found;
end
$$;
comment on function private.beat(uuid) is 'Says that a worker lives. False: it was taken for dead, and must register again.';

create function private.drain_worker(p_worker_id uuid)
returns void
language sql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
as $$
  update private.workers set is_draining = true where id = p_worker_id
$$;
comment on function private.drain_worker(uuid) is 'A worker takes nothing new.';

create function private.lost_tasks()
returns setof public.stage_tasks
language sql
stable
set search_path = ''
as $$
  select t.*
  from public.stage_tasks as t
  cross join private.settings as s
  left join private.workers as w on w.id = t.worker_id
  where t.status = 'processing' and (w.id is null or w.heartbeat_at < now() - s.dead_after)
$$;
comment on function private.lost_tasks() is 'Running tasks whose worker is dead.';

create function private.unclaimed_tasks()
returns setof public.stage_tasks
language sql
stable
set search_path = ''
as $$
  select t.*
  from public.stage_tasks as t
  cross join private.settings as s
  left join procrastinate.procrastinate_jobs as e on e.id = t.entry_id
  left join procrastinate.procrastinate_workers as w on w.id = e.worker_id
  where t.status = 'queued'
    and (
      e.id is null
      or e.status not in ('todo', 'doing')
      or (e.status = 'doing' and (w.id is null or w.last_heartbeat < now() - s.dead_after))
    )
$$;
comment on function private.unclaimed_tasks() is
  'Queued tasks whose queue entry is gone, has ended, or was fetched by a process that died before it claimed them.';

create function private.orphaned_tasks()
returns setof public.stage_tasks
language sql
stable
set search_path = ''
as $$
  select t.*
  from public.stage_tasks as t
  where t.awaits_key is not null and not exists (
    select from public.artifacts as a
    join public.stage_tasks as o on o.job_id = a.job_id and o.id = a.task_id
    where a.tenant_id = t.tenant_id and a.content_key = t.awaits_key
      and o.status = 'processing' and o.attempt_id = a.attempt_id
  )
$$;
comment on function private.orphaned_tasks() is 'Tasks that wait for an artifact which nobody is making, because its job was deleted.';

create function private.return_unclaimed(p_tenant_ids uuid [])
returns int
language sql
set search_path = ''
as $$
  with returned as (
    update public.stage_tasks as t
    set status = 'pending'
    from private.unclaimed_tasks() as u
    where t.job_id = u.job_id and t.id = u.id and t.tenant_id = any(p_tenant_ids)
    returning 1
  )
  select count(*)::int from returned
$$;
comment on function private.return_unclaimed(uuid []) is 'Lets the unclaimed tasks of these tenants, which are locked, wait for release again; returns how many.';

create function private.remove_dead_entries()
returns void
language sql
set search_path = ''
as $$
  -- Locked first: an entry that its process, alive after all, is just finishing is no longer ours to finish.
  with dead as materialized (
    select e.id
    from procrastinate.procrastinate_jobs as e
    cross join private.settings as s
    left join procrastinate.procrastinate_workers as w on w.id = e.worker_id
    where e.status = 'doing' and (w.id is null or w.last_heartbeat < now() - s.dead_after)
      and not exists (
        select from public.stage_tasks as t where t.entry_id = e.id and t.status in ('queued', 'processing')
      )
    for update of e skip locked
  )
  select procrastinate.procrastinate_finish_job_v1(dead.id, 'failed', true) from dead
$$;
comment on function private.remove_dead_entries() is 'Removes queue entries of dead processes that no task refers to any more.';

create function private.rescue(p_tenant_ids uuid [])
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_task public.stage_tasks;
  v_count int := 0;
begin
  for v_task in select t.* from private.lost_tasks() as t where t.tenant_id = any(p_tenant_ids) loop
    perform private.lose_task(v_task);
    v_count := v_count + 1;
  end loop;
  delete from private.workers as w using private.settings as s
  where w.heartbeat_at < now() - s.dead_after and not exists (
    select from public.stage_tasks as t where t.worker_id = w.id and t.status = 'processing'
  );
  v_count := v_count + private.return_unclaimed(p_tenant_ids);
  perform private.remove_dead_entries();
  return v_count;
end
$$;
comment on function private.rescue(uuid []) is
  'Takes dead workers out, and puts back what they had of these tenants, which are locked; returns how many tasks.';

create function private.leave(p_worker_id uuid)
returns int
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_task public.stage_tasks;
  v_tenant_ids uuid [] := array(
    select t.tenant_id from public.stage_tasks as t where t.worker_id = p_worker_id and t.status = 'processing'
    union
    select u.tenant_id from private.unclaimed_tasks() as u
  );
  v_count int := 0;
begin
  perform private.lock_tenants(v_tenant_ids);
  for v_task in
    select t.* from public.stage_tasks as t
    where t.worker_id = p_worker_id and t.status = 'processing' and t.tenant_id = any(v_tenant_ids)
  loop
    perform private.put_back(v_task);
    v_count := v_count + 1;
  end loop;
  delete from private.workers where id = p_worker_id;
  v_count := v_count + private.return_unclaimed(v_tenant_ids);
  perform private.release();
  return v_count;
end
$$;
comment on function private.leave(uuid) is 'A worker goes, and hands back what it still has; returns how many tasks.';

create function private.may_rescue()
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  v_settings private.settings;
begin
  select * into strict v_settings from private.settings;
  if v_settings.ticked_at < now() - v_settings.dead_after / 2 then
    v_settings.rescue_at := now() + v_settings.dead_after / 2;
  end if;
  update private.settings set ticked_at = now(), rescue_at = v_settings.rescue_at;
  return v_settings.rescue_at <= now();
end
$$;
comment on function private.may_rescue() is
  'Notes that the ticker runs, and says whether silence means death: not just after an outage, when nobody could beat.';

create function private.make_partitions()
returns int
language plpgsql
set search_path = ''
as $$
begin
  return private.ensure_partitions();
exception when lock_not_available then
  return 0; -- The tables are busy. There is a new try every second, for months.
end
$$;
comment on function private.make_partitions() is 'Makes the leaves of the next months, or leaves it for the next time; returns how many it made.';

create function private.do_due_work(p_may_rescue boolean)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_tenant_ids uuid [] := array(
    select t.tenant_id from public.stage_tasks as t where t.run_at <= now()
    union
    select o.tenant_id from private.orphaned_tasks() as o
    union
    select l.tenant_id from private.lost_tasks() as l where p_may_rescue
    union
    select u.tenant_id from private.unclaimed_tasks() as u where p_may_rescue
  );
  v_rescued int := 0;
  v_ended int;
begin
  perform private.lock_tenants(v_tenant_ids);
  if p_may_rescue then
    v_rescued := private.rescue(v_tenant_ids);
  end if;
  update public.stage_tasks set run_at = null where run_at <= now() and tenant_id = any(v_tenant_ids);
  get diagnostics v_ended = row_count;
  update public.stage_tasks as t set awaits_key = null
  from private.orphaned_tasks() as o
  where t.job_id = o.job_id and t.id = o.id and t.tenant_id = any(v_tenant_ids);
  return jsonb_build_object('rescued', v_rescued, 'ended_backoffs', v_ended, 'released', private.release(), 'partitions', 0);
end
$$;
comment on function private.do_due_work(boolean) is
  'Rescues, ends backoffs, wakes tasks that wait in vain, releases; returns how many of each. Locks all tenants concerned first.';

create function private.tick()
returns jsonb
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_may_rescue boolean;
  v_made int;
begin
  -- Every worker calls this once a second; one at a time gets through.
  if not pg_try_advisory_xact_lock(hashtext('cliprow.tick'))
    or (select s.ticked_at > now() - interval '0.9 seconds' from private.settings as s) then
    return null;
  end if;
  v_may_rescue := private.may_rescue();
  v_made := private.make_partitions();
  if v_made > 0 then
    -- New leaves keep whole tables locked until the end, so nothing else is done this time.
    return jsonb_build_object('rescued', 0, 'ended_backoffs', 0, 'released', 0, 'partitions', v_made);
  end if;
  return private.do_due_work(v_may_rescue);
end
$$;
comment on function private.tick() is
  'What needs a clock: rescue of the dead, ends of backoffs, ageing, partitions. At most once a second over all workers; null when another just did it.';

grant execute on function
private.claim_task(uuid, uuid, bigint, uuid, text),
private.complete_task(uuid, uuid, uuid, jsonb, jsonb, jsonb),
private.report_progress(uuid, uuid, uuid, int),
private.fail_task(uuid, uuid, uuid, jsonb, jsonb),
private.hand_back_task(uuid, uuid, uuid),
private.register_worker(uuid, text [], int, text, int, text),
private.beat(uuid),
private.drain_worker(uuid),
private.leave(uuid),
private.tick()
to cliprow_worker;

grant usage on schema procrastinate to cliprow_worker;
grant select, insert, update, delete on all tables in schema procrastinate to cliprow_worker;
grant usage on all sequences in schema procrastinate to cliprow_worker;
grant execute on all functions in schema procrastinate to cliprow_worker;
revoke all on procrastinate.applied_migrations from cliprow_worker;
-- What a later version of the queue library adds.
alter default privileges in schema procrastinate grant select, insert, update, delete on tables to cliprow_worker;
alter default privileges in schema procrastinate grant usage on sequences to cliprow_worker;
alter default privileges in schema procrastinate grant execute on functions to cliprow_worker;
