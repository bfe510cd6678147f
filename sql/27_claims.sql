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

create type private.claim as (
  place int, entry private.queue_entry, task public.stage_tasks, verdict text, attempt_id uuid, content_key text, inputs jsonb
);
comment on type private.claim is
  'A queue entry that a worker has fetched, its place among those of the call, its task, and what becomes of that; the verdict is null while undecided.';

create function private.look_up_claims(p_entries private.queue_entry [], p_worker_id uuid)
returns private.claim []
language plpgsql
stable
set search_path = ''
as $$
begin
  return array(
    select row(e.place, row(e.job_id, e.task_id, e.entry_id, e.version)::private.queue_entry, t, case
      -- Processing already: asked twice, because the answer to the first call was lost on its way.
      when t.entry_id is distinct from e.entry_id or t.status is null
        or t.status <> 'queued' and (t.status <> 'processing' or t.worker_id <> p_worker_id) then 'stale'
      when t.status = 'processing' then 'run'
      when j.paused_at is not null or not g.is_open or private.is_stage_paused(t.stage) then 'paused'
      when (t.lost_count > 0 or t.error_code is not null) and private.is_for_another(t, p_worker_id) then 'passed_on'
    end, case t.status when 'processing' then t.attempt_id else private.uuid_v7() end, null, null)::private.claim
    from unnest(p_entries) with ordinality as e (job_id, task_id, entry_id, version, place)
    left join public.stage_tasks as t on t.job_id = e.job_id and t.id = e.task_id
    left join public.generation_jobs as j on j.id = t.job_id
    left join private.batch_gates as g on g.batch_id = t.batch_id
    order by e.place
  );
end
$$;
comment on function private.look_up_claims(private.queue_entry [], uuid) is
  'The tasks of queue entries, and which of them are not to run now, whatever there is of their results.';

create function private.add_inputs(p_claims private.claim [])
returns private.claim []
language plpgsql
stable
set search_path = ''
as $$
begin
  return array(
    select row(c.place, c.entry, c.task, c.verdict, c.attempt_id,
      case when i.inputs is not null then encode(sha256(convert_to(concat_ws(E'\n', (c.task).stage, (c.entry).version,
        i.inputs::text, (c.task).job_id || '/' || (c.task).redone_in), 'UTF8')), 'hex') end,
      i.inputs)::private.claim
    from unnest(p_claims) as c
    left join private.inputs_of_tasks(array(
      select u.task from unnest(p_claims) as u where coalesce(u.verdict, 'run') = 'run'
    )) as i on i.task_id = (c.task).id
    order by c.place
  );
end
$$;
comment on function private.add_inputs(private.claim []) is 'Claims with inputs and content keys, where they may run.';

create function private.reserve_artifacts(p_claims private.claim [])
returns private.claim []
language plpgsql
set search_path = ''
as $$
declare
  v_runs uuid [];
  v_ready text [] := '{}';
begin
  with reserved as (
    insert into public.artifacts as a (tenant_id, content_key, stage, stage_version, attempt_id, job_id, task_id)
    -- Of several that want the same, the first.
    select distinct on ((c.task).tenant_id, c.content_key)
      (c.task).tenant_id, c.content_key, (c.task).stage, (c.entry).version, c.attempt_id, (c.task).job_id, (c.task).id
    from unnest(p_claims) as c
    where c.verdict is null
    order by (c.task).tenant_id, c.content_key, c.place
    on conflict (tenant_id, content_key) do update
    set status = 'computing', attempt_id = excluded.attempt_id, job_id = excluded.job_id, task_id = excluded.task_id, created_at = now()
    -- It is damaged, or whoever was computing it is gone without a result: take over.
    where a.status not in ('ready', 'condemned') and not exists (
      select from public.stage_tasks as t
      where t.job_id = a.job_id and t.id = a.task_id and t.status = 'processing' and t.attempt_id = a.attempt_id
    )
    returning a.attempt_id
  )
  select array_agg(r.attempt_id) into v_runs from reserved as r;
  if exists (select from unnest(p_claims) as c where c.verdict is null and c.attempt_id = any(v_runs) is not true) then
    with reused as (
      update public.artifacts as a
      set status = 'ready', condemned_at = null, reuse_count = a.reuse_count + n.times, last_used_at = now()
      from (
        select (c.task).tenant_id, c.content_key, count(*)::int as times
        from unnest(p_claims) as c where c.verdict is null group by 1, 2
      ) as n
      where a.tenant_id = n.tenant_id and a.content_key = n.content_key and a.status in ('ready', 'condemned')
      returning a.tenant_id || a.content_key as key
    )
    select array_agg(r.key) into v_ready from reused as r;
  end if;
  return array(
    select row(c.place, c.entry, c.task, coalesce(c.verdict, case
      when c.attempt_id = any(v_runs) then 'run'
      when (c.task).tenant_id || c.content_key = any(v_ready) then 'reused'
      else 'parked'
    end), c.attempt_id, c.content_key, c.inputs)::private.claim
    from unnest(p_claims) as c
    order by c.place
  );
end
$$;
comment on function private.reserve_artifacts(private.claim []) is
  'Decides what was undecided: run (this attempt computes the artifact), reused (it is there), or parked (another attempt is computing it).';

create function private.put_off(p_claims private.claim [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.finish_tasks(array(
    select jsonb_populate_record(c.task, jsonb_build_object('content_key', c.content_key))
    from unnest(p_claims) as c where c.verdict = 'reused'
  ), true);
  update public.stage_tasks as t
  set status = 'pending',
    awaits_key = case c.verdict when 'parked' then c.content_key end,
    run_at = case c.verdict when 'passed_on' then now() + interval '1 second' end
  from unnest(p_claims) as c
  where t.job_id = (c.entry).job_id and t.id = (c.entry).task_id and c.verdict in ('parked', 'paused', 'passed_on');
  perform private.release();
end
$$;
comment on function private.put_off(private.claim []) is 'Completes tasks whose artifact is there, and lets those wait again that are not to run now.';

create function private.claim_all(p_entries private.queue_entry [], p_worker_id uuid)
returns setof jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_claims private.claim [] := private.reserve_artifacts(private.add_inputs(private.look_up_claims(p_entries, p_worker_id)));
begin
  perform private.start_attempts(array(
    select jsonb_populate_record(c.task, jsonb_build_object('content_key', c.content_key, 'attempt_id', c.attempt_id))
    from unnest(v_claims) as c where c.verdict = 'run' and (c.task).status = 'queued'
  ), p_worker_id);
  if exists (select from unnest(v_claims) as c where c.verdict not in ('run', 'stale')) then
    perform private.put_off(v_claims);
  end if;
  return query
  select jsonb_build_object('job_id', (c.entry).job_id, 'task_id', (c.entry).task_id, 'entry_id', (c.entry).entry_id, 'verdict', c.verdict)
    || case when c.content_key is null then '{}' else jsonb_build_object(
      'attempt_id', c.attempt_id, 'stage', (c.task).stage, 'tenant_id', (c.task).tenant_id, 'content_key', c.content_key,
      'is_suspect', private.is_suspect(c.task), 'inputs', case c.verdict when 'run' then c.inputs end) end
  from unnest(v_claims) as c
  order by c.place;
end
$$;
comment on function private.claim_all(private.queue_entry [], uuid) is
  'Gives the tasks of queue entries to a worker, or does what else is to be done with them; returns what became of each. Their tenants are locked, '
  'and each step is one statement for all.';

create function private.claim_task(
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
