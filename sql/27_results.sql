-- What a worker says of a task while it runs and when it is done. All ask for the fencing token.

create type private.result as (job_id uuid, task_id uuid, attempt_id uuid, facts jsonb, files jsonb, timings jsonb);
comment on type private.result is 'What an attempt made.';

create function private.keep_results(p_results private.result [], p_tasks public.stage_tasks [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.spare_files(array(select r.files from unnest(p_results) as r));
  update public.artifacts as a
  set status = 'ready', ready_at = now(), damaged_at = null, checked_at = null, facts = r.facts, files = r.files,
    size_bytes = (select coalesce(sum((f ->> 'size_bytes')::bigint), 0) from jsonb_array_elements(r.files) as f)
  from unnest(p_tasks) as t
  join unnest(p_results) as r on r.attempt_id = t.attempt_id
  where a.tenant_id = t.tenant_id and a.content_key = t.content_key;
  update public.task_attempts as a
  set status = 'completed', finished_at = now(), timings = r.timings
  from unnest(p_tasks) as t
  join unnest(p_results) as r on r.attempt_id = t.attempt_id
  where a.job_id = t.job_id and a.id = t.attempt_id;
  perform private.charge_tasks(p_tasks);
  perform private.finish_tasks(p_tasks, false);
end
$$;
comment on function private.keep_results(private.result [], public.stage_tasks []) is
  'Completes tasks, which are locked and run, with what their attempts made. The caller releases the next.';

create function private.complete_task(
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

create function private.report_progress(p_job_id uuid, p_task_id uuid, p_attempt_id uuid, p_progress int)
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
