-- What becomes of a task whose queue entry a worker has fetched. Tenants are locked, then tasks.

create function private.is_suspect(p_task public.stage_tasks)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
begin
  return p_task.lost_count > 0 or coalesce(p_task.error_code in ('CHILD_DIED', 'OUT_OF_MEMORY'), false);
end
$$;
comment on function private.is_suspect(public.stage_tasks) is
  'Whether a task has taken a worker or a child process down with it: its next attempt runs alone.';

create function private.is_for_another(p_task public.stage_tasks, p_worker_id uuid)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return private.is_suspect(p_task) and (
    select a.worker_id from public.task_attempts as a
    where a.job_id = p_task.job_id and a.task_id = p_task.id
    order by a.number desc limit 1
  ) = p_worker_id and exists (
    select from private.workers as w
    cross join private.settings as s
    -- Not for ever: the other may have no time, or be gone before it is noticed.
    where w.id <> p_worker_id and p_task.stage = any(w.stages) and not w.is_draining
      and w.heartbeat_at > now() - s.dead_after and w.busy_slots < w.slots
  );
end
$$;
comment on function private.is_for_another(public.stage_tasks, uuid) is
  'Whether a suspect was last tried by this worker, and another with a free slot is there to try it next.';

create type private.queue_entry as (job_id uuid, task_id uuid, entry_id bigint, version text);
comment on type private.queue_entry is 'A queue entry, the task it stands for, and the version of its stage that the worker runs.';

create function private.judge_claim(
  p_task public.stage_tasks, p_entry private.queue_entry, p_worker_id uuid, p_taken_keys text []
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_attempt_id uuid := private.uuid_v7();
  v_inputs jsonb;
  v_key text;
  v_verdict text := 'run';
begin
  -- Processing already: asked twice, because the answer to the first call was lost on its way.
  if p_task.entry_id is distinct from p_entry.entry_id or p_task.status is null
    or p_task.status <> 'queued' and (p_task.status <> 'processing' or p_task.worker_id <> p_worker_id) then
    return jsonb_build_object('verdict', 'stale');
  elsif p_task.status = 'queued' and private.is_paused(p_task) then
    return jsonb_build_object('verdict', 'paused');
  elsif p_task.status = 'queued' and private.is_for_another(p_task, p_worker_id) then
    return jsonb_build_object('verdict', 'passed_on');
  end if;
  v_inputs := private.task_inputs(p_task);
  v_key := encode(sha256(convert_to(concat_ws(E'\n',
    p_task.stage, p_entry.version, v_inputs::text, p_task.job_id || '/' || p_task.redone_in), 'UTF8')), 'hex');
  if p_task.status = 'processing' then
    v_attempt_id := p_task.attempt_id;
  elsif p_task.tenant_id || v_key = any(p_taken_keys) then
    v_verdict := 'parked';
  else
    v_verdict := private.reserve_artifact(p_task, v_key, p_entry.version, v_attempt_id);
  end if;
  return jsonb_build_object('verdict', v_verdict, 'attempt_id', v_attempt_id, 'stage', p_task.stage,
    'tenant_id', p_task.tenant_id, 'content_key', v_key, 'is_suspect', private.is_suspect(p_task),
    'inputs', case v_verdict when 'run' then v_inputs end);
end
$$;
comment on function private.judge_claim(public.stage_tasks, private.queue_entry, uuid, text []) is
  'What becomes of a task whose entry a worker has fetched, as claim_task says it. Taken keys are those that run from the same call.';

create function private.claim_all(p_entries private.queue_entry [], p_worker_id uuid)
returns setof jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_entry private.queue_entry;
  v_task public.stage_tasks;
  v_claim jsonb;
  v_runs public.stage_tasks [] := '{}';
  v_reused public.stage_tasks [] := '{}';
  v_parked public.stage_tasks [] := '{}';
  v_paused uuid [] := '{}';
  v_passed_on uuid [] := '{}';
  v_taken_keys text [] := '{}';
begin
  foreach v_entry in array p_entries loop
    select t.* into v_task from public.stage_tasks as t where t.job_id = v_entry.job_id and t.id = v_entry.task_id for update;
    v_claim := private.judge_claim(v_task, v_entry, p_worker_id, v_taken_keys);
    v_task.content_key := v_claim ->> 'content_key';
    v_task.attempt_id := v_claim ->> 'attempt_id';
    case v_claim ->> 'verdict'
      when 'run' then
        v_taken_keys := v_taken_keys || (v_task.tenant_id || v_task.content_key);
        if v_task.status = 'queued' then
          v_runs := v_runs || v_task;
        end if;
      when 'reused' then v_reused := v_reused || v_task;
      when 'parked' then v_parked := v_parked || v_task;
      when 'paused' then v_paused := v_paused || v_task.id;
      when 'passed_on' then v_passed_on := v_passed_on || v_task.id;
      else null;
    end case;
    return next jsonb_build_object('job_id', v_entry.job_id, 'task_id', v_entry.task_id, 'entry_id', v_entry.entry_id) || v_claim;
  end loop;
  perform private.start_attempts(v_runs, p_worker_id);
  if cardinality(v_reused) + cardinality(v_parked) + cardinality(v_paused || v_passed_on) > 0 then
    perform private.finish_tasks(v_reused, true);
    update public.stage_tasks as t set status = 'pending', awaits_key = p.content_key
    from unnest(v_parked) as p where t.job_id = p.job_id and t.id = p.id;
    update public.stage_tasks as t
    set status = 'pending', run_at = case when t.id = any(v_passed_on) then now() + interval '1 second' end
    from unnest(p_entries) as e
    where t.job_id = e.job_id and t.id = e.task_id and t.id = any(v_paused || v_passed_on);
    perform private.release();
  end if;
end
$$;
comment on function private.claim_all(private.queue_entry [], uuid) is
  'Gives the tasks of queue entries to a worker, or does what else is to be done with them; returns what became of each. Their tenants are locked.';

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
