-- Many tasks in one call of a worker.

create or replace function private.finish_task(p_task public.stage_tasks, p_content_key text, p_is_reused boolean)
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
end
$$;
comment on function private.finish_task(public.stage_tasks, text, boolean) is
  'Completes a task with a ready artifact: keeps what it made, adds the tasks that follow from a script, unlocks dependents. The caller releases the next.';

create or replace function private.claim_task(
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
  v_key := encode(sha256(convert_to(
    concat_ws(E'\n', v_task.stage, p_version, v_inputs::text, v_task.job_id || '/' || v_task.redone_in), 'UTF8')), 'hex');
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
    perform private.release();
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

create function private.complete_attempt(p_task public.stage_tasks, p_facts jsonb, p_files jsonb, p_timings jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.artifacts
  set status = 'ready', ready_at = now(), facts = p_facts, files = p_files,
    size_bytes = (select coalesce(sum((f ->> 'size_bytes')::bigint), 0) from jsonb_array_elements(p_files) as f)
  where tenant_id = p_task.tenant_id and content_key = p_task.content_key;
  update public.task_attempts set status = 'completed', finished_at = now(), timings = p_timings
  where job_id = p_task.job_id and id = p_task.attempt_id;
  perform private.finish_task(p_task, p_task.content_key, false);
end
$$;
comment on function private.complete_attempt(public.stage_tasks, jsonb, jsonb, jsonb) is
  'Completes a task, which is locked and runs, with what its attempt made. The caller releases the next.';

create or replace function private.complete_task(
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
  perform private.complete_attempt(v_task, p_facts, p_files, p_timings);
  perform private.release();
end
$$;
comment on function private.complete_task(uuid, uuid, uuid, jsonb, jsonb, jsonb) is
  'Completes a task in one round trip: keeps facts and files as its artifact, unlocks dependents, releases the next. Raises CR005 for a stale token; '
  'saying it twice does no harm.';

create function private.fetch_entries(p_queue_worker_id bigint, p_stages text [], p_limit int)
returns setof procrastinate.procrastinate_jobs
language sql
set search_path = ''
as $$
  with next as materialized (
    select e.id from procrastinate.procrastinate_jobs as e
    where e.status = 'todo' and e.queue_name = any(p_stages)
    order by e.priority desc, e.id
    limit p_limit
    for update skip locked
  )
  update procrastinate.procrastinate_jobs as e
  set status = 'doing', worker_id = p_queue_worker_id
  from next
  where e.id = next.id
  returning e.*
$$;
comment on function private.fetch_entries(bigint, text [], int) is
  'Gives the next queue entries to a process of the queue library, as its own fetch does, but many at once. Entries are locked before tenants: '
  'nobody who has a tenant waits for an entry.';

create function private.take_round(p_worker_id uuid, p_queue_worker_id bigint, p_stages text [], p_limit int, p_versions jsonb)
returns setof jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_entries procrastinate.procrastinate_jobs [] := array(
    select e from private.fetch_entries(p_queue_worker_id, p_stages, p_limit) as e order by e.priority desc, e.id
  );
  v_entry procrastinate.procrastinate_jobs;
  v_job_id uuid;
  v_task_id uuid;
begin
  perform private.lock_tenants(array(
    select t.tenant_id from unnest(v_entries) as e
    join public.stage_tasks as t on t.job_id = (e.args ->> 'job_id')::uuid and t.id = (e.args ->> 'task_id')::uuid
  ));
  foreach v_entry in array v_entries loop
    v_job_id := (v_entry.args ->> 'job_id')::uuid;
    v_task_id := (v_entry.args ->> 'task_id')::uuid;
    return next jsonb_build_object('job_id', v_job_id, 'task_id', v_task_id, 'entry_id', v_entry.id)
      || private.claim_task(v_job_id, v_task_id, v_entry.id, p_worker_id, p_versions ->> v_entry.queue_name);
  end loop;
end
$$;
comment on function private.take_round(uuid, bigint, text [], int, jsonb) is
  'Fetches queue entries, locks their tenants, and claims their tasks; returns what became of each.';

create function private.take_tasks(p_worker_id uuid, p_queue_worker_id bigint, p_stages text [], p_limit int, p_versions jsonb)
returns jsonb
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_taken jsonb [];
  v_runs jsonb [];
begin
  if exists (select from private.workers as w where w.id = p_worker_id and w.is_draining) then
    return '[]';
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
  'Gives a worker up to so many tasks in one round trip: {looked_at, runs}. What was reused, parked, paused or stale has been dealt with; '
  'looked_at above the number of runs says that another look may find more. Nothing for a draining worker.';

create function private.held_tasks(p_worker_id uuid, p_known uuid [], p_versions jsonb)
returns jsonb
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(
      jsonb_build_object('job_id', t.job_id, 'task_id', t.id, 'entry_id', t.entry_id)
      || private.claim_task(t.job_id, t.id, t.entry_id, p_worker_id, p_versions ->> t.stage)), '[]')
    from (
      select h.job_id, h.id, h.entry_id, h.stage from public.stage_tasks as h
      where h.worker_id = p_worker_id and h.status = 'processing' and h.attempt_id <> all(p_known)
      -- As lock_tenants does, since each claim takes the lock of its tenant.
      order by h.tenant_id
    ) as t
  );
end
$$;
comment on function private.held_tasks(uuid, uuid [], jsonb) is
  'Tasks that a worker was given without hearing of it, because the answer of take_tasks was lost; as take_tasks gives them.';

create function private.withdrawn_attempts(p_worker_id uuid, p_attempt_ids uuid [])
returns uuid []
language sql
stable
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
as $$
  select array(
    select a.id from unnest(p_attempt_ids) as a (id)
    where not exists (
      select from public.stage_tasks as t
      where t.worker_id = p_worker_id and t.status = 'processing' and t.attempt_id = a.id
    )
  )
$$;
comment on function private.withdrawn_attempts(uuid, uuid []) is
  'Which of its attempts a worker should stop, because their tasks are no longer its own: cancelled, paused with what runs, or given to another.';

create function private.complete_tasks(p_items jsonb)
returns jsonb
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_item record;
  v_task public.stage_tasks;
  v_entry_ids bigint [] := '{}';
  v_outcomes jsonb [] := '{}';
  v_is_own boolean;
begin
  perform private.lock_tenants(array(
    select t.tenant_id from jsonb_to_recordset(p_items) as i (job_id uuid, task_id uuid)
    join public.stage_tasks as t on t.job_id = i.job_id and t.id = i.task_id
  ));
  for v_item in
    select * from jsonb_to_recordset(p_items)
      as i (job_id uuid, task_id uuid, attempt_id uuid, facts jsonb, files jsonb, timings jsonb)
    order by i.job_id, i.task_id
  loop
    v_task := private.lock_task(v_item.job_id, v_item.task_id);
    v_is_own := v_task.attempt_id is not distinct from v_item.attempt_id and v_task.status in ('processing', 'completed');
    if v_is_own and v_task.status = 'processing' then
      perform private.complete_attempt(v_task, v_item.facts, v_item.files, v_item.timings);
      v_entry_ids := v_entry_ids || v_task.entry_id;
    end if;
    v_outcomes := v_outcomes || jsonb_build_object(
      'attempt_id', v_item.attempt_id, 'outcome', case when coalesce(v_is_own, false) then 'completed' else 'stale' end);
  end loop;
  delete from procrastinate.procrastinate_jobs where id = any(v_entry_ids);
  perform private.release();
  return to_jsonb(v_outcomes);
end
$$;
comment on function private.complete_tasks(jsonb) is
  'As complete_task for many at once, and ends their queue entries: [{job_id, task_id, attempt_id, facts, files, timings}] to '
  '[{attempt_id, outcome: completed or stale}]. Releases once. Saying it twice does no harm.';

grant execute on function
private.take_tasks(uuid, bigint, text [], int, jsonb),
private.held_tasks(uuid, uuid [], jsonb),
private.withdrawn_attempts(uuid, uuid []),
private.complete_tasks(jsonb)
to cliprow_worker;
