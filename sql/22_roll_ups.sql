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

create function private.stage_names()
returns text []
language sql
immutable
set search_path = ''
as $$
  select array_agg(w.stage order by w.place) from private.stage_weights() as w
$$;
comment on function private.stage_names() is 'The stages in order: immutable, so that a plan holds them as a constant.';

create type private.count_move as (
  tenant_id uuid, project_id uuid, batch_id uuid, stage text, lane text, waiting int, active int
);
comment on type private.count_move is 'By how much one batch, stage and lane changed what waits and what is active.';

create function private.begin_turns(p_moves private.count_move [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  update private.turns as t
  set is_waiting = true, waits_since = now()
  from unnest(p_moves) as m
  join private.backlogs as g on g.batch_id = m.batch_id and g.stage = m.stage and g.lane = m.lane and g.is_next
  where t.tenant_id = m.tenant_id and t.stage = m.stage and t.lane = m.lane and not t.is_waiting;
  insert into private.turns (tenant_id, stage, lane, served_at)
  select distinct g.tenant_id, g.stage, g.lane, coalesce((
    select max(o.served_at) from private.turns as o where o.tenant_id = g.tenant_id and o.stage = g.stage), '-infinity')
  from unnest(p_moves) as m
  join private.backlogs as g on g.batch_id = m.batch_id and g.stage = m.stage and g.lane = m.lane and g.is_next
  where not exists (
    select from private.turns as t where t.tenant_id = g.tenant_id and t.stage = g.stage and t.lane = g.lane)
  on conflict (tenant_id, stage, lane) do nothing;
end
$$;
comment on function private.begin_turns(private.count_move []) is 'Gives tenants of which something begins to wait a turn.';

create function private.apply_counts(p_moves private.count_move [])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_some_wait boolean;
  v_waits_change boolean;
  v_some_active boolean;
  v_active_changes boolean;
begin
  select coalesce(bool_or(m.waiting > 0), false), bool_or(m.waiting <> 0), bool_or(m.active > 0), bool_or(m.active <> 0)
  into v_some_wait, v_waits_change, v_some_active, v_active_changes
  from unnest(p_moves) as m;
  if v_some_wait then
    insert into private.backlogs (batch_id, stage, lane, tenant_id, project_id, is_over_budget, is_open)
    select m.batch_id, m.stage, m.lane, m.tenant_id, m.project_id, o.is_over, g.is_open and not o.is_over
    from unnest(p_moves) as m
    join private.batch_gates as g on g.batch_id = m.batch_id
    cross join lateral (select private.is_over_budget(m.tenant_id, m.project_id, m.batch_id, m.stage) as is_over) as o
    where m.waiting > 0 and not exists (
      select from private.backlogs as k where k.batch_id = m.batch_id and k.stage = m.stage and k.lane = m.lane)
    on conflict (batch_id, stage, lane) do nothing;
  end if;
  if v_waits_change then
    update private.backlogs as g
    set
      waiting_count = g.waiting_count + m.waiting,
      served_at = case when m.waiting < 0 or g.waiting_count = 0 then now() else g.served_at end
    from unnest(p_moves) as m
    where g.batch_id = m.batch_id and g.stage = m.stage and g.lane = m.lane and m.waiting <> 0;
  end if;
  if v_some_wait then
    perform private.begin_turns(p_moves);
  end if;

  if v_some_active then
    insert into private.windows (scope_id, scope)
    select s.scope_id, s.scope
    from unnest(p_moves) as m
    cross join lateral (values (m.tenant_id, 'tenant'), (m.project_id, 'project'), (m.batch_id, 'batch')) as s (scope_id, scope)
    where m.active > 0 and not exists (select from private.windows as w where w.scope_id = s.scope_id)
    on conflict (scope_id) do nothing;
  end if;
  if v_active_changes then
    update private.windows as w
    set active_count = w.active_count + d.active
    from (
      select s.scope_id, sum(m.active)::int as active
      from unnest(p_moves) as m
      cross join lateral (values (m.tenant_id), (m.project_id), (m.batch_id)) as s (scope_id)
      group by s.scope_id
    ) as d
    where w.scope_id = d.scope_id and d.active <> 0;
  end if;
end
$$;
comment on function private.apply_counts(private.count_move []) is
  'Adds changes to the counters of backlogs and windows: one for each batch, stage and lane.';

create function private.tasks_changed()
returns trigger
language plpgsql
-- definer: callers may not write counters, events and jobs themselves.
security definer
set search_path = ''
as $$
declare
  v_moves private.count_move [];
begin
  -- A statement for each, because an insertion has no old rows that could be named, and a deletion no new ones.
  if tg_op = 'UPDATE' then
    v_moves := array(
      select row(c.tenant_id, c.project_id, c.batch_id, c.stage, c.lane, sum(c.waiting), sum(c.active))::private.count_move
      from (
        select n.tenant_id, n.project_id, n.batch_id, n.stage, n.lane, n.is_waiting::int as waiting,
          (n.status in ('queued', 'processing'))::int as active
        from new_rows as n
        union all
        select o.tenant_id, o.project_id, o.batch_id, o.stage, o.lane, -o.is_waiting::int, -(o.status in ('queued', 'processing'))::int
        from old_rows as o
      ) as c
      group by c.tenant_id, c.project_id, c.batch_id, c.stage, c.lane
      -- Most often nothing: who begins to work on a task was active before.
      having sum(c.waiting) <> 0 or sum(c.active) <> 0);
  elsif tg_op = 'INSERT' then
    v_moves := array(
      select row(n.tenant_id, n.project_id, n.batch_id, n.stage, n.lane, count(*) filter (where n.is_waiting),
        count(*) filter (where n.status in ('queued', 'processing')))::private.count_move
      from new_rows as n group by n.tenant_id, n.project_id, n.batch_id, n.stage, n.lane);
  else
    v_moves := array(
      select row(o.tenant_id, o.project_id, o.batch_id, o.stage, o.lane, -count(*) filter (where o.is_waiting),
        -count(*) filter (where o.status in ('queued', 'processing')))::private.count_move
      from old_rows as o group by o.tenant_id, o.project_id, o.batch_id, o.stage, o.lane);
  end if;
  if v_moves <> '{}' then
    perform private.apply_counts(v_moves);
  end if;
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
  v_has_moved boolean;
  v_completed_in uuid[];
  v_started_in uuid[];
  v_changed_in uuid[];
begin
  select
    bool_or(n.status <> o.status),
    array_agg(distinct n.job_id) filter (where n.status = 'completed' and o.status <> 'completed'),
    array_agg(distinct n.job_id) filter (where n.status = 'processing' and o.status = 'queued'),
    array_agg(distinct n.job_id) filter (where n.progress <> o.progress or (n.status <> o.status
      -- To the job it is all the same whether a task waits in the queue or before it.
      and not (n.status in ('pending', 'queued') and o.status in ('pending', 'queued'))
      and not (n.status = 'processing' and o.status = 'queued')
      -- Unlocked from here: the jobs are rolled up right after.
      and not (n.status = 'pending' and o.status = 'blocked' and pg_trigger_depth() > 1)))
  into v_has_moved, v_completed_in, v_started_in, v_changed_in
  from new_rows as n
  join old_rows as o on o.job_id = n.job_id and o.id = n.id;

  if v_has_moved then
    insert into public.job_events (
      job_id, tenant_id, project_id, batch_id, task_id, stage, status, progress, retries, error_code, error_message
    )
    select n.job_id, n.tenant_id, n.project_id, n.batch_id, n.id, n.stage, n.status, n.progress,
      n.failure_count + n.lost_count, n.error_code, n.error_message
    from new_rows as n
    join old_rows as o on o.job_id = n.job_id and o.id = n.id
    where n.status <> o.status;
  end if;
  if v_started_in is not null then
    -- The first start changes no more of a job than this, and later ones nothing.
    update public.generation_jobs
    set status = 'processing', started_at = coalesce(started_at, now())
    where id = any(v_started_in) and status = 'pending';
  end if;
  if v_completed_in is not null then
    perform private.unlock_dependents(v_completed_in);
  end if;
  if cardinality(v_changed_in) > 0 then
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
-- So few jobs are looked up; a thousand, which is expected otherwise, would make each call read all jobs there are.
rows 20
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  with per_stage as (
    select
      t.job_id, t.stage,
      bool_or(t.status in ('processing', 'completed', 'failed')) as is_started,
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
declare
  v_will_pause uuid [];
begin
  with n as materialized (
    select
      s.job_id, s.is_started, s.steps_done, s.stage, s.error_code, s.error_message, s.next_step, o.pause_after,
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
  ), rolled as (
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
    from n
    where j.id = n.job_id
      and (j.status, j.progress, j.stage, j.current_step, j.error_code)
      is distinct from (n.status, n.progress, n.stage, n.steps_done, case when n.status = 'failed' then n.error_code end)
  )
  select array_agg(n.job_id) into v_will_pause from n where n.pause_after is not null;
  if v_will_pause is not null then
    perform private.begin_reviews(v_will_pause);
  end if;
end
$$;
comment on function private.roll_up_jobs(uuid []) is
  'Sets status, progress and error of jobs from their tasks, and pauses those that are to be looked at now. Progress never goes back within a '
  'generation.';

create trigger tasks_inserted after insert on public.stage_tasks
referencing new table as new_rows for each statement execute function private.tasks_changed();
create trigger tasks_updated after update on public.stage_tasks
referencing old table as old_rows new table as new_rows for each statement execute function private.tasks_changed();
create trigger tasks_deleted after delete on public.stage_tasks
referencing old table as old_rows for each statement execute function private.tasks_changed();
-- After tasks_updated, by its name.
create trigger tasks_updated_moved after update on public.stage_tasks
referencing old table as old_rows new table as new_rows for each statement execute function private.tasks_moved();
