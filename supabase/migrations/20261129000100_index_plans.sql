-- The hot path plans by indexes; counters are left alone that do not change; live rows are put together only when they are few enough.

create or replace function private.tasks_changed()
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

create or replace function private.apply_counts(p_moves private.count_move [])
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

create or replace function private.start_attempts(p_tasks public.stage_tasks [], p_worker_id uuid)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_host text := coalesce((select w.host from private.workers as w where w.id = p_worker_id), '');
begin
  if p_tasks = '{}' then
    return;
  end if;
  update public.stage_tasks as t
  set status = 'processing', attempt_id = s.attempt_id, worker_id = p_worker_id, content_key = s.content_key,
    started_at = now(), progress = 0, is_reused = false
  from unnest(p_tasks) as s
  where t.job_id = s.job_id and t.id = s.id;
  insert into public.task_attempts (job_id, id, task_id, tenant_id, generation, number, worker_id, host)
  select s.job_id, s.attempt_id, s.id, s.tenant_id, s.generation,
    1 + (select count(*) from public.task_attempts as a where a.job_id = s.job_id and a.task_id = s.id),
    p_worker_id, v_host
  from unnest(p_tasks) as s;
end
$$;
comment on function private.start_attempts(public.stage_tasks [], uuid) is
  'Gives queued tasks to a worker, as their next attempts; attempt_id and content_key are set in what is passed.';

create or replace function private.finish_tasks(p_tasks public.stage_tasks [], p_is_reused boolean)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if exists (
    select from unnest(p_tasks) as t
    where not exists (
      select from public.artifacts as a
      where a.tenant_id = t.tenant_id and a.content_key = t.content_key and a.status = 'ready')
  ) then
    raise exception 'A task cannot be completed, because its artifact is not ready.'
      using errcode = 'CR004', hint = 'Say it again; if that does not help, retry the job.';
  end if;
  perform private.follow_scripts(p_tasks);
  perform private.store_content(p_tasks, p_is_reused);
  update public.stage_tasks as t
  set status = 'completed', progress = 100, completed_at = now(), content_key = d.content_key, is_reused = p_is_reused,
    error_code = null, error_message = null, next_step = null
  from unnest(p_tasks) as d
  where t.job_id = d.job_id and t.id = d.id;
  -- Seldom: and an update fires its triggers even when it finds nothing.
  if exists (
    select from unnest(p_tasks) as d
    join public.stage_tasks as t on t.tenant_id = d.tenant_id and t.awaits_key = d.content_key
  ) then
    update public.stage_tasks as t
    set awaits_key = null
    from unnest(p_tasks) as d
    where t.tenant_id = d.tenant_id and t.awaits_key = d.content_key;
  end if;
end
$$;
comment on function private.finish_tasks(public.stage_tasks [], boolean) is
  'Completes tasks whose content_key names a ready artifact: keeps what they made, adds the tasks that follow from a script, unlocks '
  'dependents, rolls up each job once. The caller releases the next.';

create or replace function private.take_tasks(p_worker_id uuid, p_queue_worker_id bigint, p_stages text [], p_limit int, p_versions jsonb)
returns jsonb
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
set enable_seqscan = off
as $$
declare
  v_taken jsonb [];
  v_runs jsonb [];
begin
  if exists (select from private.workers as w where w.id = p_worker_id and w.is_draining) then
    return jsonb_build_object('looked_at', 0, 'runs', '[]'::jsonb);
  end if;
  v_taken := array(select r from private.take_round(p_worker_id, p_queue_worker_id, p_stages, p_limit, p_versions) as r);
  v_runs := array(select r from unnest(v_taken) as r where r ->> 'verdict' = 'run');
  -- The others have been dealt with: their entries say nothing more.
  delete from procrastinate.procrastinate_jobs
  where id in (select (r ->> 'entry_id')::bigint from unnest(v_taken) as r where r ->> 'verdict' <> 'run');
  return jsonb_build_object('looked_at', cardinality(v_taken), 'runs', to_jsonb(v_runs));
end
$$;
comment on function private.take_tasks(uuid, bigint, text [], int, jsonb) is
  'Gives a worker up to so many tasks in one round trip: {looked_at, runs}. What was reused, parked, paused, passed on or stale has been dealt with; '
  'looked_at above the number of runs says that another look may find more. Nothing for a draining worker.';

create or replace function private.held_tasks(p_worker_id uuid, p_known uuid [], p_versions jsonb)
returns jsonb
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
set enable_seqscan = off
as $$
declare
  v_held public.stage_tasks [] := array(
    select t from public.stage_tasks as t
    where t.worker_id = p_worker_id and t.status = 'processing' and t.attempt_id <> all(p_known)
  );
begin
  perform private.lock_tenants(array(select h.tenant_id from unnest(v_held) as h));
  return (
    select coalesce(jsonb_agg(c), '[]')
    from private.claim_all(array(
      select row(h.job_id, h.id, h.entry_id, p_versions ->> h.stage)::private.queue_entry from unnest(v_held) as h
    ), p_worker_id) as c
    where c ->> 'verdict' = 'run'
  );
end
$$;
comment on function private.held_tasks(uuid, uuid [], jsonb) is
  'Tasks that a worker was given without hearing of it, because the answer of take_tasks was lost; as take_tasks gives them.';

create or replace function private.complete_tasks(p_items jsonb)
returns jsonb
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
set enable_seqscan = off
as $$
declare
  v_results private.result [] := array(
    select i from jsonb_populate_recordset(null::private.result, p_items) as i order by i.job_id, i.task_id
  );
  v_own public.stage_tasks [];
  v_answer jsonb;
begin
  perform private.lock_tenants(array(
    select t.tenant_id from unnest(v_results) as r join public.stage_tasks as t on t.job_id = r.job_id and t.id = r.task_id
  ));
  v_own := array(
    select t from unnest(v_results) as r
    join public.stage_tasks as t on t.job_id = r.job_id and t.id = r.task_id and t.attempt_id = r.attempt_id
    where t.status in ('processing', 'completed')
  );
  v_answer := (
    select coalesce(jsonb_agg(jsonb_build_object('attempt_id', r.attempt_id,
      'outcome', case when exists (select from unnest(v_own) as o where o.attempt_id = r.attempt_id) then 'completed' else 'stale' end)), '[]')
    from unnest(v_results) as r
  );
  -- The others are completed already: the answer to a first call was lost.
  v_own := array(select o from unnest(v_own) as o where o.status = 'processing');
  perform private.keep_results(v_results, v_own);
  delete from procrastinate.procrastinate_jobs where id in (select o.entry_id from unnest(v_own) as o);
  perform private.release();
  return v_answer;
end
$$;
comment on function private.complete_tasks(jsonb) is
  'As complete_task for many at once, and ends their queue entries: [{job_id, task_id, attempt_id, facts, files, timings}] to '
  '[{attempt_id, outcome: completed or stale}]. Releases once. Saying it twice does no harm.';

create or replace function private.claim_task(
  p_job_id uuid, p_task_id uuid, p_entry_id bigint, p_worker_id uuid, p_version text
)
returns jsonb
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
set enable_seqscan = off
as $$
begin
  perform private.lock_task(p_job_id, p_task_id);
  return (
    select c from private.claim_all(
      array[row(p_job_id, p_task_id, p_entry_id, p_version)::private.queue_entry], p_worker_id
    ) as c
  );
end
$$;
comment on function private.claim_task(uuid, uuid, bigint, uuid, text) is
  'Gives a queued task to a worker. Verdict: run (with inputs and the attempt id, which is the fencing token), reused (an equal artifact was '
  'there, the task is completed), parked (an equal artifact is being made), paused, passed_on (a suspect that another worker is to try), or stale '
  '(the queue entry is no longer the task''s). '
  'Asking twice does no harm: the worker that has the task gets the same answer again.';

create or replace function private.complete_task(
  p_job_id uuid, p_task_id uuid, p_attempt_id uuid, p_facts jsonb, p_files jsonb, p_timings jsonb
)
returns void
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
set enable_seqscan = off
as $$
declare
  v_task public.stage_tasks := private.lock_task(p_job_id, p_task_id);
begin
  if v_task.status = 'completed' and v_task.attempt_id = p_attempt_id then
    return; -- Said twice: the answer to the first call was lost on its way.
  end if;
  v_task := private.lock_own_task(p_job_id, p_task_id, p_attempt_id);
  perform private.keep_results(
    array[row(p_job_id, p_task_id, p_attempt_id, p_facts, p_files, p_timings)::private.result], array[v_task]);
  perform private.release();
end
$$;
comment on function private.complete_task(uuid, uuid, uuid, jsonb, jsonb, jsonb) is
  'Completes a task in one round trip: keeps facts and files as its artifact, unlocks dependents, releases the next. Raises CR005 for a stale token; '
  'saying it twice does no harm.';

create or replace function private.report_progress(p_job_id uuid, p_task_id uuid, p_attempt_id uuid, p_progress int)
returns void
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
set enable_seqscan = off
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

create or replace function private.flush_live()
returns jsonb
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
set enable_seqscan = off
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

create or replace function private.tell_if_quiet(p_first_id bigint)
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
set enable_seqscan = off
as $$
declare
  v_mark_ids bigint [] := array(
    select o.id from public.realtime_outbox as o where o.id >= p_first_id and o.xact_id = pg_current_xact_id());
  -- Nobody follows what this transaction has made, or what is gone.
  v_told uuid [] := array(
    select m.scope_id from private.marked_scopes(v_mark_ids) as m where coalesce(m.made_at = now(), true));
  v_job_count int := (
    select coalesce(max(cardinality(o.ids)), 0) from public.realtime_outbox as o where o.id = any(v_mark_ids) and o.entity = 'job');
  v record;
begin
  for v in
    select m.scope_id, m.scope, t.id as tenant_id, t.epoch, (s.live_messages_per_s + 1) / 2 as last_ticket
    from private.marked_scopes(v_mark_ids) as m
    cross join private.settings as s
    join public.tenants as t on t.id = m.tenant_id
    left join private.live_topics as l on l.scope_id = m.scope_id
    where m.scope_id <> all(v_told)
      -- Of many jobs the flush tells, which keeps nobody waiting while it puts them together.
      and v_job_count <= 25
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
  'Tells of this transaction''s own marks, from this one on, on topics that have been quiet and where nothing waits, if they name few jobs. Half of the tickets are left '
  'to the flush, so that busy topics have their turn.';

drop function private.changed_by_marks(uuid, bigint []);
create function private.changed_by_marks(p_scope_id uuid, p_mark_ids bigint [], p_limit int)
returns table (
  name text, id uuid, batch public.batches, job public.generation_jobs, task public.stage_tasks, event public.job_events,
  project public.projects, tenant public.tenants
)
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
  select 'batches', r.id, r.one, null::public.generation_jobs, null::public.stage_tasks, null::public.job_events,
    null::public.projects, null::public.tenants
  from batch as n
  cross join lateral (select b.id, b as one from public.batches as b where b.id = n.id and b.updated_at >= n.since offset 0) as r
  union all
  select 'jobs', r.id, null, r.one, null, null, null, null
  from job as n
  cross join lateral (select j.id, j as one from public.generation_jobs as j where j.id = n.id and j.updated_at >= n.since offset 0) as r
  union all
  select 'tasks', r.id, null, null, r.one, null, null, null
  from job as n
  cross join lateral (select t.id, t as one from public.stage_tasks as t where t.job_id = n.id and t.updated_at >= n.since offset 0) as r
  union all
  select 'events', r.id, null, null, null, r.one, null, null
  from job as n
  cross join lateral (select e.id, e as one from public.job_events as e where e.job_id = n.id and e.created_at = any(n.times) offset 0) as r
  union all
  select 'projects', p.id, null, null, null, null, p, null from public.projects as p
  where p.id in (select m.project_id from mark as m where m.entity = 'project')
  union all
  select 'tenants', t.id, null, null, null, null, null, t from public.tenants as t
  where t.id in (select m.tenant_id from mark as m where m.entity = 'tenant')
  limit p_limit;
end
$$;
comment on function private.changed_by_marks(uuid, bigint [], int) is
  'Up to so many rows that marks name for the topic of a scope, as they are now: for the tenant''s topic batches without their jobs. What is gone '
  'is left out.';

create or replace function private.live_rows(p_scope_id uuid, p_mark_ids bigint [])
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
      select * from private.changed_by_marks(p_scope_id, p_mark_ids, v_max + 1)
    )
    -- Put together only when they are few enough, which costs most.
    select case when (select count(*) from found) <= v_max then
      '{"batches": [], "jobs": [], "tasks": [], "events": []}'::jsonb || coalesce((
        select jsonb_object_agg(l.name, l.told)
        from (
          select f.name, jsonb_agg(case f.name
            when 'batches' then private.live_batch(f.batch)
            when 'jobs' then private.live_job(f.job)
            when 'tasks' then private.live_task(f.task)
            when 'events' then private.live_event(f.event)
            when 'projects' then private.live_project(f.project)
            else private.live_tenant(f.tenant)
          end order by f.id) as told
          from found as f
          group by f.name
        ) as l
      ), '{}')
    end
  );
end
$$;
comment on function private.live_rows(uuid, bigint []) is
  'The rows of the next message on a topic, by kind; null when there are too many, or rows are gone.';
