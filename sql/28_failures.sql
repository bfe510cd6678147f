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
  if coalesce(p_error ->> 'log', '') <> '' then
    insert into private.attempt_logs (job_id, attempt_id, lines)
    values (p_task.job_id, p_task.attempt_id, right(p_error ->> 'log', 32768)) on conflict (job_id, attempt_id) do nothing;
  end if;
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
  'Ends an attempt with an error {error_code, message, next_step, is_retriable, retry_after_s, log}: the task waits for its next attempt (pending) or is a '
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
    -- The first time, the worker's silence was wait enough.
    update public.stage_tasks
    set status = 'pending', progress = 0, lost_count = p_task.lost_count,
      run_at = case when p_task.lost_count > 1 then now() + private.backoff(p_task.lost_count, null) end
    where job_id = p_task.job_id and id = p_task.id;
  else
    perform private.fail_for_good(p_task, v_error);
  end if;
end
$$;
comment on function private.lose_task(public.stage_tasks) is 'Puts a task back whose worker died; after too many losses it is held to be the cause.';
