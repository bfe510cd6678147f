-- Workers: register, beat, leave; and the ticker, the one loop that needs a clock.

create function private.register_worker(
  p_worker_id uuid, p_stages text [], p_slots int, p_host text, p_process_id int, p_version text
)
returns double precision
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
as $$
begin
  insert into private.workers (id, stages, slots, host, process_id, version)
  values (p_worker_id, p_stages, p_slots, p_host, p_process_id, p_version)
  on conflict (id) do update set heartbeat_at = now(), is_draining = false;
  perform private.release();
  return (select extract(epoch from s.dead_after) from private.settings as s);
end
$$;
comment on function private.register_worker(uuid, text [], int, text, int, text) is
  'Makes a worker known, and releases work for its slots. Once more after a lost connection does no harm. Returns after how many seconds of '
  'silence the worker is held to be dead.';

create function private.beat(p_worker_id uuid)
returns boolean
language plpgsql
security definer
set search_path = ''
set synchronous_commit = off
as $$
begin
  update private.workers set heartbeat_at = now() where id = p_worker_id;
  return found;
end
$$;
comment on function private.beat(uuid) is 'Says that a worker lives. False: it was taken for dead, and must register again.';

create function private.drain_worker(p_worker_id uuid)
returns void
language sql
security definer
set search_path = ''
as $$
  update private.workers set is_draining = true where id = p_worker_id
$$;
comment on function private.drain_worker(uuid) is 'A worker takes nothing new.';

create function private.return_unclaimed()
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_task record;
  v_count int := 0;
begin
  for v_task in
    select t.tenant_id, t.job_id, t.id, t.entry_id
    from public.stage_tasks as t
    cross join private.settings as s
    left join procrastinate.procrastinate_jobs as e on e.id = t.entry_id
    left join procrastinate.procrastinate_workers as w on w.id = e.worker_id
    where t.status = 'queued'
      and (e.id is null or (e.status <> 'todo' and (w.id is null or w.last_heartbeat < now() - s.dead_after)))
    order by t.tenant_id
  loop
    perform private.lock_tenant(v_task.tenant_id);
    update public.stage_tasks set status = 'pending'
    where job_id = v_task.job_id and id = v_task.id and status = 'queued' and entry_id = v_task.entry_id;
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;
comment on function private.return_unclaimed() is
  'Puts tasks back whose queue entry was fetched by a process that died before it claimed them, or is gone.';

create function private.rescue()
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_task public.stage_tasks;
  v_count int := 0;
begin
  for v_task in
    select t.* from public.stage_tasks as t
    cross join private.settings as s
    left join private.workers as w on w.id = t.worker_id
    where t.status = 'processing' and (w.id is null or w.heartbeat_at < now() - s.dead_after)
    order by t.tenant_id
  loop
    -- Looked at again under the lock: it may have ended in between.
    if (private.lock_task(v_task.job_id, v_task.id)).attempt_id = v_task.attempt_id and exists (
      select from public.stage_tasks as t where t.job_id = v_task.job_id and t.id = v_task.id and t.status = 'processing'
    ) then
      perform private.lose_task(v_task);
      v_count := v_count + 1;
    end if;
  end loop;
  delete from private.workers as w using private.settings as s where w.heartbeat_at < now() - s.dead_after;
  v_count := v_count + private.return_unclaimed();
  perform procrastinate.procrastinate_finish_job_v1(e.id, 'failed', true)
  from procrastinate.procrastinate_jobs as e
  cross join private.settings as s
  left join procrastinate.procrastinate_workers as w on w.id = e.worker_id
  where e.status = 'doing' and (w.id is null or w.last_heartbeat < now() - s.dead_after)
    and not exists (
      select from public.stage_tasks as t where t.entry_id = e.id and t.status in ('queued', 'processing')
    );
  return v_count;
end
$$;
comment on function private.rescue() is 'Takes dead workers out, and puts back what they had; returns how many tasks.';

create function private.leave(p_worker_id uuid)
returns int
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
as $$
declare
  v_task public.stage_tasks;
  v_count int := 0;
begin
  for v_task in
    select t.* from public.stage_tasks as t
    where t.worker_id = p_worker_id and t.status = 'processing'
    order by t.tenant_id
  loop
    perform private.hand_back_task(v_task.job_id, v_task.id, v_task.attempt_id);
    v_count := v_count + 1;
  end loop;
  delete from private.workers where id = p_worker_id;
  v_count := v_count + private.return_unclaimed();
  perform private.release();
  return v_count;
end
$$;
comment on function private.leave(uuid) is 'A worker goes, and hands back what it still has; returns how many tasks.';

create function private.end_backoffs()
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_tenant_id uuid;
  v_count int;
  v_sum int := 0;
begin
  for v_tenant_id in
    select distinct t.tenant_id from public.stage_tasks as t where t.run_at <= now() order by t.tenant_id
  loop
    perform private.lock_tenant(v_tenant_id);
    update public.stage_tasks set run_at = null where tenant_id = v_tenant_id and run_at <= now();
    get diagnostics v_count = row_count;
    v_sum := v_sum + v_count;
  end loop;
  return v_sum;
end
$$;
comment on function private.end_backoffs() is 'Lets tasks wait for release again whose backoff has ended; returns how many.';

create function private.tick()
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_settings private.settings;
  v_rescued int := 0;
begin
  -- Every worker calls this once a second; one at a time gets through.
  if not pg_try_advisory_xact_lock(hashtext('cliprow.tick')) then
    return null;
  end if;
  select * into strict v_settings from private.settings;
  if v_settings.ticked_at > now() - interval '0.9 seconds' then
    return null;
  end if;
  if v_settings.ticked_at < now() - v_settings.dead_after / 2 then
    v_settings.rescue_at := now() + v_settings.dead_after / 2;
  end if;
  update private.settings set ticked_at = now(), rescue_at = v_settings.rescue_at;
  if v_settings.rescue_at <= now() then
    v_rescued := private.rescue();
  end if;
  return jsonb_build_object('rescued', v_rescued, 'ended_backoffs', private.end_backoffs(),
    'released', private.release(), 'partitions', private.ensure_partitions());
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
private.beat(uuid),
private.drain_worker(uuid),
private.leave(uuid),
private.tick()
to cliprow_worker;
grant usage on schema procrastinate to cliprow_worker;
grant select, insert, update, delete on all tables in schema procrastinate to cliprow_worker;
grant usage on all sequences in schema procrastinate to cliprow_worker;
grant execute on all functions in schema procrastinate to cliprow_worker;
