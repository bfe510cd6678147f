-- Workers: register, beat, leave; and the ticker, the one loop that needs a clock.

create function private.register_worker(
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

create function private.drain_worker(p_worker_id uuid)
returns void
language sql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
as $$
  update private.workers set is_draining = true where id = p_worker_id
$$;
comment on function private.drain_worker(uuid) is 'A worker takes nothing new.';

create function private.lost_tasks()
returns setof public.stage_tasks
language sql
stable
set search_path = ''
as $$
  select t.*
  from public.stage_tasks as t
  cross join private.settings as s
  left join private.workers as w on w.id = t.worker_id
  where t.status = 'processing' and (w.id is null or w.heartbeat_at < now() - s.dead_after)
$$;
comment on function private.lost_tasks() is 'Running tasks whose worker is dead.';

create function private.unclaimed_tasks()
returns setof public.stage_tasks
language sql
stable
set search_path = ''
as $$
  select t.*
  from public.stage_tasks as t
  cross join private.settings as s
  left join procrastinate.procrastinate_jobs as e on e.id = t.entry_id
  left join procrastinate.procrastinate_workers as w on w.id = e.worker_id
  where t.status = 'queued'
    and (
      e.id is null
      or e.status not in ('todo', 'doing')
      or (e.status = 'doing' and (w.id is null or w.last_heartbeat < now() - s.dead_after))
    )
$$;
comment on function private.unclaimed_tasks() is
  'Queued tasks whose queue entry is gone, has ended, or was fetched by a process that died before it claimed them.';

create function private.orphaned_tasks()
returns setof public.stage_tasks
language sql
stable
set search_path = ''
as $$
  select t.*
  from public.stage_tasks as t
  where t.awaits_key is not null and not exists (
    select from public.artifacts as a
    join public.stage_tasks as o on o.job_id = a.job_id and o.id = a.task_id
    where a.tenant_id = t.tenant_id and a.content_key = t.awaits_key
      and o.status = 'processing' and o.attempt_id = a.attempt_id
  )
$$;
comment on function private.orphaned_tasks() is 'Tasks that wait for an artifact which nobody is making, because its job was deleted.';

create function private.return_unclaimed(p_tenant_ids uuid [])
returns int
language sql
set search_path = ''
as $$
  with returned as (
    update public.stage_tasks as t
    set status = 'pending'
    from private.unclaimed_tasks() as u
    where t.job_id = u.job_id and t.id = u.id and t.tenant_id = any(p_tenant_ids)
    returning 1
  )
  select count(*)::int from returned
$$;
comment on function private.return_unclaimed(uuid []) is 'Lets the unclaimed tasks of these tenants, which are locked, wait for release again; returns how many.';

create function private.remove_dead_entries()
returns void
language sql
set search_path = ''
as $$
  -- Locked first: an entry that its process, alive after all, is just finishing is no longer ours to finish.
  with dead as materialized (
    select e.id
    from procrastinate.procrastinate_jobs as e
    cross join private.settings as s
    left join procrastinate.procrastinate_workers as w on w.id = e.worker_id
    where e.status = 'doing' and (w.id is null or w.last_heartbeat < now() - s.dead_after)
      and not exists (
        select from public.stage_tasks as t where t.entry_id = e.id and t.status in ('queued', 'processing')
      )
    for update of e skip locked
  )
  select procrastinate.procrastinate_finish_job_v1(dead.id, 'failed', true) from dead
$$;
comment on function private.remove_dead_entries() is 'Removes queue entries of dead processes that no task refers to any more.';

create function private.rescue(p_tenant_ids uuid [])
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_task public.stage_tasks;
  v_count int := 0;
begin
  for v_task in select t.* from private.lost_tasks() as t where t.tenant_id = any(p_tenant_ids) loop
    perform private.lose_task(v_task);
    v_count := v_count + 1;
  end loop;
  delete from private.workers as w using private.settings as s
  where w.heartbeat_at < now() - s.dead_after and not exists (
    select from public.stage_tasks as t where t.worker_id = w.id and t.status = 'processing'
  );
  v_count := v_count + private.return_unclaimed(p_tenant_ids);
  perform private.remove_dead_entries();
  return v_count;
end
$$;
comment on function private.rescue(uuid []) is
  'Takes dead workers out, and puts back what they had of these tenants, which are locked; returns how many tasks.';

create function private.leave(p_worker_id uuid)
returns int
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_task public.stage_tasks;
  v_tenant_ids uuid [] := array(
    select t.tenant_id from public.stage_tasks as t where t.worker_id = p_worker_id and t.status = 'processing'
    union
    select u.tenant_id from private.unclaimed_tasks() as u
  );
  v_count int := 0;
begin
  perform private.lock_tenants(v_tenant_ids);
  for v_task in
    select t.* from public.stage_tasks as t
    where t.worker_id = p_worker_id and t.status = 'processing' and t.tenant_id = any(v_tenant_ids)
  loop
    perform private.put_back(v_task);
    v_count := v_count + 1;
  end loop;
  delete from private.workers where id = p_worker_id;
  v_count := v_count + private.return_unclaimed(v_tenant_ids);
  perform private.release();
  return v_count;
end
$$;
comment on function private.leave(uuid) is 'A worker goes, and hands back what it still has; returns how many tasks.';

create function private.may_rescue()
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  v_settings private.settings;
begin
  select * into strict v_settings from private.settings;
  if v_settings.ticked_at < now() - v_settings.dead_after / 2 then
    v_settings.rescue_at := now() + v_settings.dead_after / 2;
  end if;
  update private.settings set ticked_at = now(), rescue_at = v_settings.rescue_at;
  return v_settings.rescue_at <= now();
end
$$;
comment on function private.may_rescue() is
  'Notes that the ticker runs, and says whether silence means death: not just after an outage, when nobody could beat.';

create function private.make_partitions()
returns int
language plpgsql
set search_path = ''
as $$
begin
  return private.ensure_partitions();
exception when lock_not_available then
  return 0; -- The tables are busy. There is a new try every second, for months.
end
$$;
comment on function private.make_partitions() is 'Makes the leaves of the next months, or leaves it for the next time; returns how many it made.';

create function private.do_due_work(p_may_rescue boolean)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_tenant_ids uuid [] := array(
    select t.tenant_id from public.stage_tasks as t where t.run_at <= now()
    union
    select o.tenant_id from private.orphaned_tasks() as o
    union
    select l.tenant_id from private.lost_tasks() as l where p_may_rescue
    union
    select u.tenant_id from private.unclaimed_tasks() as u where p_may_rescue
    union
    select d.id from private.due_tenant_ids() as d (id)
  );
  v_rescued int := 0;
  v_ended int;
begin
  perform private.lock_tenants(v_tenant_ids);
  if p_may_rescue then
    v_rescued := private.rescue(v_tenant_ids);
  end if;
  update public.stage_tasks set run_at = null where run_at <= now() and tenant_id = any(v_tenant_ids);
  get diagnostics v_ended = row_count;
  update public.stage_tasks as t set awaits_key = null
  from private.orphaned_tasks() as o
  where t.job_id = o.job_id and t.id = o.id and t.tenant_id = any(v_tenant_ids);
  perform private.run_due_schedules(v_tenant_ids);
  return jsonb_build_object('rescued', v_rescued, 'ended_backoffs', v_ended, 'released', private.release(), 'partitions', 0);
end
$$;
comment on function private.do_due_work(boolean) is
  'Rescues, ends backoffs, wakes tasks that wait in vain, runs schedules, releases; returns how many of each. Locks all tenants concerned first.';

create function private.tick()
returns jsonb
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_may_rescue boolean;
  v_made int;
begin
  -- Every worker calls this once a second; one at a time gets through.
  if not pg_try_advisory_xact_lock(hashtext('cliprow.tick'))
    or (select s.ticked_at > now() - interval '0.9 seconds' from private.settings as s) then
    return null;
  end if;
  perform set_config('cliprow.door', 'ticker', true);
  v_may_rescue := private.may_rescue();
  v_made := private.make_partitions();
  if v_made > 0 then
    -- New leaves keep whole tables locked until the end, so nothing else is done this time.
    return jsonb_build_object('rescued', 0, 'ended_backoffs', 0, 'released', 0, 'partitions', v_made);
  end if;
  return private.do_due_work(v_may_rescue);
end
$$;
comment on function private.tick() is
  'What needs a clock: rescue of the dead, ends of backoffs, ageing, partitions. At most once a second over all workers; null when another just did it.';

grant execute on function
private.claim_task(uuid, uuid, bigint, uuid, text),
private.complete_task(uuid, uuid, uuid, jsonb, jsonb, jsonb),
private.report_progress(uuid, uuid, uuid, int),
private.fail_task(uuid, uuid, uuid, jsonb, jsonb),
private.hand_back_task(uuid, uuid, uuid),
private.register_worker(uuid, text [], int, text, int, text),
private.beat(uuid, int, bigint),
private.drain_worker(uuid),
private.leave(uuid),
private.tick()
to cliprow_worker;

grant usage on schema procrastinate to cliprow_worker;
grant select, insert, update, delete on all tables in schema procrastinate to cliprow_worker;
grant usage on all sequences in schema procrastinate to cliprow_worker;
grant execute on all functions in schema procrastinate to cliprow_worker;
revoke all on procrastinate.applied_migrations from cliprow_worker;
-- What a later version of the queue library adds.
alter default privileges in schema procrastinate grant select, insert, update, delete on tables to cliprow_worker;
alter default privileges in schema procrastinate grant usage on sequences to cliprow_worker;
alter default privileges in schema procrastinate grant execute on functions to cliprow_worker;
