-- The figures that a dashboard asks for each second, and what a tenant may know of workers and queues: its own work, and
-- how much of all there is to do it, but nothing of other tenants and no machines.

-- Of open batches there are few, however many have ended; what ended today lies together.
create index batches_open on public.batches (tenant_id) where completed_at is null;
create index generation_jobs_completed_at on public.generation_jobs (tenant_id, completed_at) where completed_at is not null;

create function private.own_queues(p_tenant_id uuid)
returns jsonb
language plpgsql
stable
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
begin
  return (
    select jsonb_agg(jsonb_build_object(
      'stage', w.stage, 'is_paused', q.paused_at is not null, 'waiting_count', coalesce(g.waiting_count, 0),
      'ready_count', coalesce(g.ready_count, 0), 'queued_count', coalesce(t.queued_count, 0), 'running_count', coalesce(t.running_count, 0),
      'oldest_age_s', coalesce(extract(epoch from now() - least(g.oldest_at, t.oldest_at)), 0)::float8,
      'worker_count', coalesce(k.worker_count, 0), 'slots', coalesce(k.slots, 0)) order by w.place)
    from private.stage_weights() as w
    left join private.stage_queues as q on q.stage = w.stage
    left join (
      select b.stage, sum(b.waiting_count) as waiting_count, sum(b.waiting_count) filter (where b.is_open) as ready_count,
        min(b.served_at) filter (where b.is_open) as oldest_at
      from private.backlogs as b where b.tenant_id = p_tenant_id and b.waiting_count > 0 group by b.stage
    ) as g on g.stage = w.stage
    left join (
      select s.stage, count(*) filter (where s.status = 'queued') as queued_count,
        count(*) filter (where s.status = 'processing') as running_count, min(s.queued_at) filter (where s.status = 'queued') as oldest_at
      from public.stage_tasks as s where s.tenant_id = p_tenant_id and s.status in ('queued', 'processing') group by s.stage
    ) as t on t.stage = w.stage
    left join (
      select u.stage, count(*) as worker_count, sum(r.slots) as slots
      from private.workers as r cross join private.settings as c cross join lateral unnest(r.stages) as u (stage)
      where not r.is_draining and r.heartbeat_at > now() - c.dead_after group by u.stage
    ) as k on k.stage = w.stage
  );
end
$$;
comment on function private.own_queues(uuid) is
  'By stage, what of a tenant waits (ready: of batches that may be released), is queued and runs, how many seconds the oldest of it has waited, whether '
  'operators hold the stage back, and how many workers and slots serve it.';

create function private.workforce()
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object('worker_count', count(*), 'slots', coalesce(sum(w.slots), 0), 'busy_slots', coalesce(sum(w.busy_slots), 0))
  from private.workers as w cross join private.settings as s
  where w.heartbeat_at > now() - s.dead_after
$$;
comment on function private.workforce() is 'How many workers live, and how many slots they have and use.';

create function private.job_times(p_tenant_id uuid, p_since timestamptz)
returns jsonb
language plpgsql
stable
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
begin
  return (
    select jsonb_build_object(
      'completed_today', count(*) filter (where j.status = 'completed' and j.completed_at >= p_since),
      'failed_today', count(*) filter (where j.status = 'failed' and j.completed_at >= p_since),
      'p95_hour_s', (percentile_cont(0.95) within group (order by extract(epoch from j.completed_at - j.started_at)::float8)
        filter (where j.status = 'completed' and j.completed_at >= now() - interval '1 hour')),
      'p95_day_s', (percentile_cont(0.95) within group (order by extract(epoch from j.completed_at - j.started_at)::float8)
        filter (where j.status = 'completed' and j.completed_at >= now() - interval '24 hours')))
    from public.generation_jobs as j
    where j.tenant_id = p_tenant_id and j.completed_at >= least(p_since, now() - interval '24 hours')
  );
end
$$;
comment on function private.job_times(uuid, timestamptz) is
  'How many jobs of a tenant completed and failed since a moment, and the 95th percentile of the seconds from start to end of those that '
  'completed in the last hour, and in the last 24 hours; null where there are none.';

create function public.tenant_summary(time_zone text default 'UTC')
returns jsonb
language plpgsql
stable
-- definer: users may not read workers and backlogs; it tells only of the caller's tenant, and how many slots there are.
security definer
set search_path = ''
as $$
declare
  v_tenant public.tenants;
  v_zone text := coalesce(tenant_summary.time_zone, 'UTC');
  v_midnight timestamptz;
begin
  select t.* into v_tenant from public.tenants as t where t.id = private.acting_tenant_id();
  begin
    -- Asked each second: a list of all names would be read from disk each time.
    if v_zone !~ '^[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$' then
      raise invalid_parameter_value;
    end if;
    v_midnight := date_trunc('day', now() at time zone v_zone) at time zone v_zone;
  exception when invalid_parameter_value then
    raise exception 'There is no time zone %.', v_zone using errcode = 'CR001', hint = 'Use a name like Europe/Berlin or UTC.';
  end;
  return (
    select jsonb_build_object('queued_jobs', coalesce(sum(b.pending_count), 0), 'running_jobs', coalesce(sum(b.processing_count), 0),
      'open_batches', count(*))
    from public.batches as b where b.tenant_id = v_tenant.id and b.completed_at is null and b.deleted_at is null
  ) || private.job_times(v_tenant.id, v_midnight) || jsonb_build_object(
    'now', now(), 'day_began_at', v_midnight, 'paused_at', v_tenant.paused_at,
    'spent', coalesce((
      select jsonb_agg(jsonb_build_object('currency', c.currency, 'amount', trim_scale(c.amount)) order by c.currency)
      from public.cost_totals as c
      where c.scope_id = v_tenant.id and c.month = date_trunc('month', now() at time zone 'utc')::date), '[]'),
    'budget', (
      select private.told_budget(b) from public.budgets as b where b.scope_id = v_tenant.id order by b.period limit 1),
    'workers', private.workforce(), 'stages', private.own_queues(v_tenant.id));
end
$$;
comment on function public.tenant_summary(text) is
  'The figures of a dashboard for the caller''s tenant: jobs queued and running, completed and failed since midnight of a time zone, p95 of their '
  'time, what this month cost and the budget of the tenant, whether it is paused, live workers and slots, and its own work by stage. Raises CR001 or CR003.';

create function public.tenant_queues()
returns jsonb
language plpgsql
stable
-- definer: users may not read backlogs and workers; it tells only of the caller's tenant, and how many slots there are.
security definer
set search_path = ''
as $$
begin
  return private.own_queues(private.acting_tenant_id());
end
$$;
comment on function public.tenant_queues() is
  'By stage, what of the caller''s tenant waits, is queued and runs, as {stage, is_paused, waiting_count, ready_count, queued_count, running_count, '
  'oldest_age_s, worker_count, slots}. Raises CR003.';

create function public.tenant_workers()
returns jsonb
language plpgsql
stable
-- definer: users may not read workers; it leaves out machines and processes.
security definer
set search_path = ''
as $$
begin
  perform private.check_role('admin', 'see the workers');
  return (
    select coalesce(jsonb_agg(jsonb_build_object('id', w.worker_id, 'state', w.state, 'stages', w.stages, 'slots', w.slots,
      'busy_slots', w.busy_slots, 'version', w.version, 'started_at', w.started_at,
      'heartbeat_age_s', extract(epoch from now() - w.heartbeat_at)::float8) order by w.started_at, w.worker_id), '[]')
    from private.list_workers() as w
  );
end
$$;
comment on function public.tenant_workers() is
  'The workers, which serve all tenants, as {id, state, stages, slots, busy_slots, version, started_at, heartbeat_age_s}: neither hosts nor what they '
  'run. For admins and owners. Raises CR003.';

grant execute on function public.tenant_summary(text), public.tenant_queues(), public.tenant_workers() to authenticated;
