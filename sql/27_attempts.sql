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
    ) is not null or private.is_stage_paused(p_task.stage)
    from public.generation_jobs as j
    join public.batches as b on b.id = j.batch_id
    join public.projects as p on p.id = j.project_id
    join public.tenants as t on t.id = j.tenant_id
    where j.id = p_task.job_id
  );
end
$$;
comment on function private.is_paused(public.stage_tasks) is 'Whether its job, batch, project, tenant or stage is paused, or about to be purged.';

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
end
$$;
comment on function private.finish_task(public.stage_tasks, text, boolean) is
  'Completes a task with a ready artifact: keeps what it made, adds the tasks that follow from a script, unlocks dependents. The caller releases the next.';

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
  perform private.complete_attempt(v_task, p_facts, p_files, p_timings);
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
