-- What a worker calls for many tasks at once: one round trip and one commit for as many as it has free slots, and for
-- whatever ended while the last write was under way.

-- Entries go as soon as their tasks have ended, so their events would be written only to be removed; ours are in job_events.
-- Of new entries private.enqueue tells workers once for many.
alter table procrastinate.procrastinate_jobs disable trigger procrastinate_trigger_status_events_insert_v1;
alter table procrastinate.procrastinate_jobs disable trigger procrastinate_trigger_status_events_update_v1;
alter table procrastinate.procrastinate_jobs disable trigger procrastinate_jobs_notify_queue_job_inserted_v1;

create type private.fetched_entry as (entry_id bigint, stage text, job_id uuid, task_id uuid, tenant_id uuid);
comment on type private.fetched_entry is 'A queue entry that waits to be taken, its task, and whose that is; no tenant where the task is gone.';

create function private.next_entries(p_stages text [], p_limit int)
returns private.fetched_entry []
language plpgsql
set search_path = ''
as $$
begin
  return array(
    with next as materialized (
      select e.id, e.queue_name, e.priority, (e.args ->> 'job_id')::uuid as job_id, (e.args ->> 'task_id')::uuid as task_id
      from procrastinate.procrastinate_jobs as e
      where e.status = 'todo' and e.queue_name = any(p_stages)
      order by e.priority desc, e.id
      limit p_limit
      for update skip locked
    )
    select row(n.id, n.queue_name, n.job_id, n.task_id, t.tenant_id)::private.fetched_entry
    from next as n
    left join public.stage_tasks as t on t.job_id = n.job_id and t.id = n.task_id
    order by n.priority desc, n.id
  );
end
$$;
comment on function private.next_entries(text [], int) is
  'Locks the next queue entries, as the queue library''s own fetch does, but many at once. Entries are locked before tenants: nobody who has a tenant '
  'waits for an entry.';

create function private.lock_free_tenants(p_tenant_ids uuid [])
returns uuid []
language plpgsql
set search_path = ''
as $$
declare
  v_free uuid [] := array(
    select w.scope_id from private.windows as w where w.scope_id = any(p_tenant_ids) order by w.scope_id for update skip locked
  );
begin
  if v_free = '{}' then
    perform private.lock_tenants(p_tenant_ids);
    return p_tenant_ids;
  end if;
  return v_free;
end
$$;
comment on function private.lock_free_tenants(uuid []) is
  'Takes the queues of those tenants that nobody has, and returns them; waits only when somebody has each of them, and then for all.';

create function private.take_round(p_worker_id uuid, p_queue_worker_id bigint, p_stages text [], p_limit int, p_versions jsonb)
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

create function private.take_tasks(p_worker_id uuid, p_queue_worker_id bigint, p_stages text [], p_limit int, p_versions jsonb)
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
  if v_runs <> '[]' then
    -- The worker flushes as soon as it has begun: telling before the commit would delay the start.
    perform set_config('cliprow.told_in', pg_current_xact_id()::text, true);
  end if;
  return jsonb_build_object('looked_at', v_looked_at, 'runs', v_runs);
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

grant execute on function
private.take_tasks(uuid, bigint, text [], int, jsonb),
private.held_tasks(uuid, uuid [], jsonb),
private.withdrawn_attempts(uuid, uuid []),
private.complete_tasks(jsonb)
to cliprow_worker;
