-- Claims, completions and roll-ups take fewer statements: what changes nothing is not said.

create or replace function private.tasks_moved()
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

create or replace function private.jobs_changed()
returns trigger
language plpgsql
-- definer: callers may not write batches themselves.
security definer
set search_path = ''
as $$
declare
  v_moves private.batch_move [];
begin
  -- A statement for each, because an insertion has no old rows that could be named, and a deletion no new ones.
  if tg_op = 'UPDATE' then
    v_moves := array(
      select row(c.batch_id, c.status, sum(c.jobs), sum(c.progress))::private.batch_move
      from (
        select n.batch_id, n.status, 1 as jobs, n.progress from new_rows as n
        union all
        select o.batch_id, o.status, -1, -o.progress from old_rows as o
      ) as c
      group by c.batch_id, c.status
      having sum(c.jobs) <> 0 or sum(c.progress) <> 0);
  elsif tg_op = 'INSERT' then
    v_moves := array(
      select row(n.batch_id, n.status, count(*), sum(n.progress))::private.batch_move
      from new_rows as n group by n.batch_id, n.status);
  else
    v_moves := array(
      select row(o.batch_id, o.status, -count(*), -sum(o.progress))::private.batch_move
      from old_rows as o group by o.batch_id, o.status);
  end if;
  if v_moves <> '{}' then
    perform private.apply_batch_moves(v_moves);
  end if;
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

create or replace function private.start_attempts(p_tasks public.stage_tasks [], p_worker_id uuid)
returns void
language plpgsql
set search_path = ''
as $$
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
    p_worker_id, coalesce((select w.host from private.workers as w where w.id = p_worker_id), '')
  from unnest(p_tasks) as s;
end
$$;
comment on function private.start_attempts(public.stage_tasks [], uuid) is
  'Gives queued tasks to a worker, as their next attempts; attempt_id and content_key are set in what is passed.';

create or replace function private.follow_scripts(p_tasks public.stage_tasks [])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_stages text [] := array(select distinct t.stage from unnest(p_tasks) as t);
  v_made private.made_script [];
begin
  if 'script_generation' = any(v_stages) then
    v_made := array(
      select row(j, t.id, a.facts)::private.made_script
      from unnest(p_tasks) as t
      join public.artifacts as a on a.tenant_id = t.tenant_id and a.content_key = t.content_key
      join public.generation_jobs as j on j.id = t.job_id
      where t.stage = 'script_generation'
    );
    perform private.store_scripts(v_made);
    perform private.expand_jobs(v_made);
  end if;
  if 'audio_generation' = any(v_stages) then
    -- How long a scene is spoken is how long it is.
    update public.scenes as s
    set duration_ms = m.sample_count / 48, duration = ceil(m.sample_count / 48000.0)
    from (
      select (private.script_of(t.job_id, t.tenant_id)).id as script_id, t.scene_number,
        (a.facts ->> 'sample_count')::bigint as sample_count
      from unnest(p_tasks) as t
      join public.artifacts as a on a.tenant_id = t.tenant_id and a.content_key = t.content_key
      where t.stage = 'audio_generation'
    ) as m
    where s.script_id = m.script_id and s.scene_number = m.scene_number;
  end if;
end
$$;
comment on function private.follow_scripts(public.stage_tasks []) is
  'What follows from finished scripts (their scenes and the tasks for them) and from finished narrations (how long a scene is).';

create or replace function private.finish_tasks(p_tasks public.stage_tasks [], p_is_reused boolean)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_ready int;
  v_has_files boolean;
begin
  select count(*), bool_or(a.files <> '[]') into v_ready, v_has_files
  from unnest(p_tasks) as t
  join public.artifacts as a on a.tenant_id = t.tenant_id and a.content_key = t.content_key
  where a.status = 'ready';
  if v_ready < cardinality(p_tasks) then
    raise exception 'A task cannot be completed, because its artifact is not ready.'
      using errcode = 'CR004', hint = 'Say it again; if that does not help, retry the job.';
  end if;
  perform private.follow_scripts(p_tasks);
  if v_has_files then
    perform private.store_content(p_tasks, p_is_reused);
  end if;
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

create or replace function private.take_round(p_worker_id uuid, p_queue_worker_id bigint, p_stages text [], p_limit int, p_versions jsonb)
returns setof jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_next private.fetched_entry [] := private.next_entries(p_stages, p_limit);
  v_tenant_ids uuid [] := array(select distinct e.tenant_id from unnest(v_next) as e where e.tenant_id is not null);
  v_free uuid [];
begin
  if v_next = '{}' then
    return;
  end if;
  v_free := private.lock_free_tenants(v_tenant_ids);
  if cardinality(v_free) < cardinality(v_tenant_ids) then
    -- Those of busy tenants stay where they are, for the next look: nobody waits because somebody else makes a long batch.
    v_next := array(select e from unnest(v_next) as e where e.tenant_id is null or e.tenant_id = any(v_free));
  end if;
  update procrastinate.procrastinate_jobs as e
  set status = 'doing', worker_id = p_queue_worker_id
  where e.id = any(array(select n.entry_id from unnest(v_next) as n));
  return query select c from private.claim_all(array(
    select row(n.job_id, n.task_id, n.entry_id, p_versions ->> n.stage)::private.queue_entry from unnest(v_next) as n
  ), p_worker_id) as c;
end
$$;
comment on function private.take_round(uuid, bigint, text [], int, jsonb) is
  'Fetches queue entries, locks their tenants, and claims their tasks; returns what became of each.';

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
  v_looked_at int;
  v_runs jsonb;
  v_dealt_with bigint [];
begin
  if exists (select from private.workers as w where w.id = p_worker_id and w.is_draining) then
    return jsonb_build_object('looked_at', 0, 'runs', '[]'::jsonb);
  end if;
  select
    count(*), coalesce(jsonb_agg(r) filter (where r ->> 'verdict' = 'run'), '[]'),
    array_agg((r ->> 'entry_id')::bigint) filter (where r ->> 'verdict' <> 'run')
  into v_looked_at, v_runs, v_dealt_with
  from private.take_round(p_worker_id, p_queue_worker_id, p_stages, p_limit, p_versions) as r;
  if v_dealt_with is not null then
    -- Their entries say nothing more.
    delete from procrastinate.procrastinate_jobs where id = any(v_dealt_with);
  end if;
  return jsonb_build_object('looked_at', v_looked_at, 'runs', v_runs);
end
$$;
comment on function private.take_tasks(uuid, bigint, text [], int, jsonb) is
  'Gives a worker up to so many tasks in one round trip: {looked_at, runs}. What was reused, parked, paused, passed on or stale has been dealt with; '
  'looked_at above the number of runs says that another look may find more. Nothing for a draining worker.';

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
  select
    coalesce(jsonb_agg(jsonb_build_object('attempt_id', r.attempt_id,
      'outcome', case when t.status in ('processing', 'completed') then 'completed' else 'stale' end)), '[]'),
    -- What is completed already, was: the answer to a first call was lost.
    array_agg(t) filter (where t.status = 'processing')
  into v_answer, v_own
  from unnest(v_results) as r
  left join public.stage_tasks as t on t.job_id = r.job_id and t.id = r.task_id and t.attempt_id = r.attempt_id;
  if v_own is null then
    return v_answer;
  end if;
  perform private.keep_results(v_results, v_own);
  delete from procrastinate.procrastinate_jobs where id in (select o.entry_id from unnest(v_own) as o);
  perform private.release();
  return v_answer;
end
$$;
comment on function private.complete_tasks(jsonb) is
  'As complete_task for many at once, and ends their queue entries: [{job_id, task_id, attempt_id, facts, files, timings}] to '
  '[{attempt_id, outcome: completed or stale}]. Releases once. Saying it twice does no harm.';
