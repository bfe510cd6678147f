-- Many tasks in one call of a worker; what it tells with each heartbeat, and what operators ask of it; suspects.

drop function private.finish_task(public.stage_tasks, text, boolean);
drop function private.store_content(public.stage_tasks, public.artifacts);
drop function private.start_attempt(public.stage_tasks, uuid, uuid, text);
drop function private.beat(uuid);

alter table private.workers
add column busy_slots int not null default 0,
add column memory_bytes bigint not null default 0,
add column stop_requested_at timestamptz;
comment on column private.workers.is_draining is 'Takes nothing new: because it stops, or because an operator asked for it.';
comment on column private.workers.busy_slots is 'Slots that ran a task at the last heartbeat.';
comment on column private.workers.memory_bytes is 'Resident memory of the worker and its children at the last heartbeat.';
comment on column private.workers.stop_requested_at is 'When an operator asked it to end once it has nothing left.';

alter table private.settings alter column max_losses set default 5;
update private.settings set max_losses = 5 where max_losses = 10;

create function private.store_content(p_tasks public.stage_tasks [], p_is_reused boolean)
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into public.generated_content (
    tenant_id, project_id, job_id, task_id, scene_id, content_type, role, file_name, file_path, file_size, sha256,
    duration_ms, duration, platform, resolution, format, generation_metadata
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
        'voice_id', a.facts -> 'voice', 'layout', a.facts -> 'layout')), '{}')
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
  v_made record;
begin
  for v_made in
    select j as job, t.id as task_id, a.facts
    from unnest(p_tasks) as t
    join public.artifacts as a on a.tenant_id = t.tenant_id and a.content_key = t.content_key
    join public.generation_jobs as j on j.id = t.job_id
    where t.stage = 'script_generation'
  loop
    perform private.store_script(v_made.job, v_made.facts);
    perform private.expand_job(v_made.job, v_made.task_id, v_made.facts);
  end loop;
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
end
$$;
comment on function private.follow_scripts(public.stage_tasks []) is
  'What follows from finished scripts (their scenes and the tasks for them) and from finished narrations (how long a scene is).';

create function private.finish_tasks(p_tasks public.stage_tasks [], p_is_reused boolean)
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
  update public.stage_tasks as t
  set awaits_key = null
  from unnest(p_tasks) as d
  where t.tenant_id = d.tenant_id and t.awaits_key = d.content_key;
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

create type private.result as (job_id uuid, task_id uuid, attempt_id uuid, facts jsonb, files jsonb, timings jsonb);
comment on type private.result is 'What an attempt made.';

create function private.keep_results(p_results private.result [], p_tasks public.stage_tasks [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.artifacts as a
  set status = 'ready', ready_at = now(), facts = r.facts, files = r.files,
    size_bytes = (select coalesce(sum((f ->> 'size_bytes')::bigint), 0) from jsonb_array_elements(r.files) as f)
  from unnest(p_tasks) as t
  join unnest(p_results) as r on r.attempt_id = t.attempt_id
  where a.tenant_id = t.tenant_id and a.content_key = t.content_key;
  update public.task_attempts as a
  set status = 'completed', finished_at = now(), timings = r.timings
  from unnest(p_tasks) as t
  join unnest(p_results) as r on r.attempt_id = t.attempt_id
  where a.job_id = t.job_id and a.id = t.attempt_id;
  perform private.finish_tasks(p_tasks, false);
end
$$;
comment on function private.keep_results(private.result [], public.stage_tasks []) is
  'Completes tasks, which are locked and run, with what their attempts made. The caller releases the next.';

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
  perform private.keep_results(
    array[row(p_job_id, p_task_id, p_attempt_id, p_facts, p_files, p_timings)::private.result], array[v_task]);
  perform private.release();
end
$$;
comment on function private.complete_task(uuid, uuid, uuid, jsonb, jsonb, jsonb) is
  'Completes a task in one round trip: keeps facts and files as its artifact, unlocks dependents, releases the next. Raises CR005 for a stale token; '
  'saying it twice does no harm.';

create or replace function private.lose_task(p_task public.stage_tasks)
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

create or replace function private.register_worker(
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
  on conflict (id) do update set heartbeat_at = now();
  perform private.release();
  return (select extract(epoch from s.dead_after) from private.settings as s);
end
$$;
comment on function private.register_worker(uuid, text [], int, text, int, text) is
  'Makes a worker known, and releases work for its slots. Once more after a lost connection does no harm. Returns after how many seconds of '
  'silence the worker is held to be dead.';

create function private.beat(p_worker_id uuid, p_busy_slots int default 0, p_memory_bytes bigint default 0)
returns text
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
as $$
declare
  v_worker private.workers;
begin
  -- A heartbeat may be forgotten in a crash; nobody waits for the disk because of it.
  perform set_config('synchronous_commit', 'off', true);
  update private.workers set heartbeat_at = now(), busy_slots = p_busy_slots, memory_bytes = p_memory_bytes
  where id = p_worker_id returning * into v_worker;
  return case
    when v_worker.stop_requested_at is not null then 'stop'
    when v_worker.is_draining then 'drain'
    when v_worker.id is not null then 'work'
  end;
end
$$;
comment on function private.beat(uuid, int, bigint) is
  'Says that a worker lives, and how busy it is. Returns what it is to do: work, drain (take nothing new), stop (end once nothing runs). '
  'Null: it was taken for dead, and must register again.';

grant execute on function private.beat(uuid, int, bigint) to cliprow_worker;

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
  v_entries private.queue_entry [] := array(
    select row((e.args ->> 'job_id')::uuid, (e.args ->> 'task_id')::uuid, e.id, p_versions ->> e.queue_name)::private.queue_entry
    from private.fetch_entries(p_queue_worker_id, p_stages, p_limit) as e
    order by e.priority desc, e.id
  );
begin
  perform private.lock_tenants(array(
    select t.tenant_id from unnest(v_entries) as e join public.stage_tasks as t on t.job_id = e.job_id and t.id = e.task_id
  ));
  return query select c from private.claim_all(v_entries, p_worker_id) as c;
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

create function private.held_tasks(p_worker_id uuid, p_known uuid [], p_versions jsonb)
returns jsonb
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
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

grant execute on function
private.take_tasks(uuid, bigint, text [], int, jsonb),
private.held_tasks(uuid, uuid [], jsonb),
private.withdrawn_attempts(uuid, uuid []),
private.complete_tasks(jsonb)
to cliprow_worker;

create function private.worker_or_raise(p_worker_id uuid)
returns private.workers
language plpgsql
stable
set search_path = ''
as $$
declare
  v_worker private.workers;
begin
  select * into v_worker from private.workers where id = p_worker_id;
  if not found then
    raise exception 'There is no worker %.', p_worker_id
      using errcode = 'CR002', hint = 'List the workers: select * from private.workers.';
  end if;
  return v_worker;
end
$$;
comment on function private.worker_or_raise(uuid) is 'A registered worker; raises CR002 when there is none with this id.';

create function private.request_drain(p_worker_id uuid, p_is_draining boolean default true)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.worker_or_raise(p_worker_id);
  update private.workers set is_draining = p_is_draining where id = p_worker_id and stop_requested_at is null;
end
$$;
comment on function private.request_drain(uuid, boolean) is
  'For operators: a worker finishes what it has and takes nothing new, at once; or, with false, takes work again. Without effect on one that is to stop.';

create function private.request_stop(p_worker_id uuid)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.worker_or_raise(p_worker_id);
  update private.workers set is_draining = true, stop_requested_at = coalesce(stop_requested_at, now()) where id = p_worker_id;
end
$$;
comment on function private.request_stop(uuid) is
  'For operators: a worker takes nothing new, finishes what it has however long that takes, and ends.';
