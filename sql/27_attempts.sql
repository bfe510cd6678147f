-- Attempts: who owns a task, what an artifact makes of it, and how it begins and is completed. Whatever changes a task locks
-- its tenant first, and all but claims ask for the fencing token. These functions keep generic plans, which cost half:
-- partitions are pruned when a query runs, by the job's id. A connection keeps a plan for long after a table was small, so
-- none of them reads a whole table where an index would do.

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

create function private.store_content(p_tasks public.stage_tasks [], p_is_reused boolean)
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into public.generated_content (
    tenant_id, project_id, job_id, task_id, scene_id, content_type, role, file_name, file_path, file_size, sha256,
    duration_ms, duration, platform, resolution, format, generation_metadata, quality_score
  )
  select t.tenant_id, t.project_id, t.job_id, t.id, s.id,
    case f ->> 'role' when 'narration' then 'audio' when 'segment' then 'video' when 'video' then 'video'
      when 'thumbnail' then 'thumbnail' when 'manifest' then 'manifest' else 'subtitle' end,
    f ->> 'role', f ->> 'name', f ->> 'path', (f ->> 'size_bytes')::bigint, f ->> 'sha256',
    d.duration_ms, ceil(d.duration_ms / 1000.0)::int, coalesce(t.platform, 'universal'),
    case when f ->> 'role' in ('segment', 'video') then t.width || 'x' || t.height end,
    nullif(substring(f ->> 'name' from '\.([^.]+)$'), ''),
    jsonb_build_object('content_key', a.content_key, 'stage_version', a.stage_version, 'is_reused', p_is_reused)
      || coalesce(jsonb_strip_nulls(jsonb_build_object('provider', a.facts -> 'provider',
        'voice_id', a.facts -> 'voice', 'layout', a.facts -> 'layout')), '{}'),
    private.technical_quality(a.facts, (f ->> 'size_bytes')::bigint)
  from unnest(p_tasks) as t
  join public.artifacts as a on a.tenant_id = t.tenant_id and a.content_key = t.content_key
  cross join lateral jsonb_array_elements(a.files) as f
  cross join lateral (
    select coalesce((a.facts ->> 'duration_ms')::int, ((a.facts ->> 'sample_count')::bigint / 48)::int,
      ((a.facts ->> 'frame_count')::int * 1000 / 30)) as duration_ms
  ) as d
  left join lateral private.script_of(t.job_id, t.tenant_id) as script on t.scene_number is not null
  left join public.scenes as s on s.script_id = script.id and s.scene_number = t.scene_number;
end
$$;
comment on function private.store_content(public.stage_tasks [], boolean) is 'One row of generated_content for each file of the tasks'' artifacts.';

create function private.follow_scripts(p_tasks public.stage_tasks [])
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

create function private.finish_tasks(p_tasks public.stage_tasks [], p_is_reused boolean)
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

create function private.start_attempts(p_tasks public.stage_tasks [], p_worker_id uuid)
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
