-- What operators see of the workers and of the load: the signal for scaling, and the figures of the service levels.

create function private.list_workers()
returns table (
  worker_id uuid, host text, process_id int, version text, stages text [], slots int, busy_slots int, memory_bytes bigint, state text,
  started_at timestamptz, heartbeat_at timestamptz, running_count bigint
)
language plpgsql
stable
-- definer: for operators, whose role may not read the table.
security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select w.id, w.host, w.process_id, w.version, w.stages, w.slots, w.busy_slots, w.memory_bytes,
    case
      when w.heartbeat_at < now() - s.dead_after then 'silent'
      when w.stop_requested_at is not null then 'stopping'
      when w.is_draining then 'draining'
      else 'working' end,
    w.started_at, w.heartbeat_at,
    (select count(*) from public.stage_tasks as t where t.worker_id = w.id and t.status = 'processing')
  from private.workers as w
  cross join private.settings as s
  order by w.host, w.started_at, w.id;
end
$$;
comment on function private.list_workers() is
  'For operators: the registered workers. state: working, draining (takes nothing new), stopping (ends once nothing runs), or silent (has not beaten '
  'for so long that it is held to be dead).';

create function private.order_worker(p_worker_id uuid, p_order text)
returns jsonb
language plpgsql
-- definer: for operators, whose role may not write the table.
security definer
set search_path = ''
as $$
begin
  case p_order
    when 'drain' then perform private.request_drain(p_worker_id);
    when 'undrain' then
      if (private.worker_or_raise(p_worker_id)).stop_requested_at is not null then
        raise exception 'The worker has been told to stop.' using errcode = 'CR004', hint = 'Start another one in its place.';
      end if;
      perform private.request_drain(p_worker_id, false);
    when 'stop' then perform private.request_stop(p_worker_id);
    else
      raise exception 'A worker knows no order %.', coalesce(p_order, 'null') using errcode = 'CR001', hint = 'Use drain, undrain or stop.';
  end case;
  -- Slots that came or went change how much may be released.
  perform private.release();
  return (select to_jsonb(w) from private.list_workers() as w where w.worker_id = p_worker_id);
end
$$;
comment on function private.order_worker(uuid, text) is
  'For operators: drain (takes nothing new), undrain (takes work again) or stop (ends once nothing runs). The worker hears it with its next heartbeat. '
  'Returns it as list_workers does. Raises CR001, CR002 or CR004.';

create view private.stage_load as
select
  w.stage, w.place,
  exists (select from private.stage_queues as q where q.stage = w.stage and q.paused_at is not null) as is_paused,
  coalesce(g.waiting_count, 0) as waiting_count,
  coalesce(g.ready_count, 0) as ready_count,
  coalesce(t.queued_count, 0) as queued_count,
  coalesce(t.running_count, 0) as running_count,
  coalesce(extract(epoch from now() - g.oldest_at), 0)::float8 as ready_age_s,
  coalesce(extract(epoch from now() - t.oldest_at), 0)::float8 as queued_age_s,
  coalesce(k.worker_count, 0) as worker_count,
  coalesce(k.slots, 0) as slots,
  coalesce(g.ready_count, 0) + coalesce(t.queued_count, 0) + coalesce(t.running_count, 0) as wanted_slots
from private.stage_weights() as w
left join (
  select b.stage, sum(b.waiting_count) as waiting_count, coalesce(sum(b.waiting_count) filter (where b.is_open), 0) as ready_count,
    min(b.served_at) filter (where b.is_open) as oldest_at
  from private.backlogs as b where b.waiting_count > 0 group by b.stage
) as g on g.stage = w.stage
left join (
  select s.stage, count(*) filter (where s.status = 'queued') as queued_count, count(*) filter (where s.status = 'processing') as running_count,
    min(s.queued_at) filter (where s.status = 'queued') as oldest_at
  from public.stage_tasks as s where s.status in ('queued', 'processing') group by s.stage
) as t on t.stage = w.stage
left join (
  select u.stage, count(*) as worker_count, sum(r.slots) as slots
  from private.workers as r cross join private.settings as c cross join lateral unnest(r.stages) as u (stage)
  where not r.is_draining and r.heartbeat_at > now() - c.dead_after group by u.stage
) as k on k.stage = w.stage;
comment on view private.stage_load is
  'Depth and age of each stage''s queue, over all tenants, and who is there to work on it: the signal for scaling. waiting: all that waits; ready: of '
  'batches that may be released; queued: released; ready_age_s: how long the backlog served longest ago has waited for its turn; queued_age_s: how '
  'long the oldest released task has waited for a worker; wanted_slots: as many slots would be busy now if caps allowed it.';

create function private.list_stage_load()
returns setof private.stage_load
language sql
stable
-- definer: for operators, whose role may not read the view.
security definer
set search_path = ''
as $$
  select * from private.stage_load order by place
$$;
comment on function private.list_stage_load() is 'For operators: the rows of private.stage_load, in the order of the stages.';

create function private.recent_attempts(p_window interval)
returns table (stage text, status text, is_retriable boolean, count bigint, storage_count bigint, p50_ms float8, p95_ms float8)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select t.stage, a.status, coalesce(a.is_retriable, false), count(*),
    count(*) filter (where a.error_code ~ '^(TRANSIENT_)?STORAGE_'),
    percentile_cont(0.5) within group (order by extract(epoch from a.finished_at - a.started_at)::float8 * 1000),
    percentile_cont(0.95) within group (order by extract(epoch from a.finished_at - a.started_at)::float8 * 1000)
  from public.task_attempts as a
  join public.stage_tasks as t on t.job_id = a.job_id and t.id = a.task_id
  where a.started_at >= now() - p_window and a.finished_at is not null
  group by t.stage, a.status, coalesce(a.is_retriable, false);
end
$$;
comment on function private.recent_attempts(interval) is
  'Attempts that began in the last so long and have ended, by stage and outcome: how many, how many of them failed for the storage, and how long they took.';
-- Rows come in the order of time, so that this costs nothing to keep.
create index task_attempts_started_at on public.task_attempts using brin (started_at) with (pages_per_range = 16);
create index job_events_created_at on public.job_events using brin (created_at) with (pages_per_range = 16);

create function private.metrics(p_window interval default '5 minutes')
returns jsonb
language plpgsql
stable
-- definer: for operators, whose role may not read the tables.
security definer
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'window_s', extract(epoch from p_window),
    'stages', (select jsonb_agg(to_jsonb(l) - 'place' order by l.place) from private.stage_load as l),
    'workers', (select coalesce(jsonb_agg(to_jsonb(w)), '[]') from (
      select l.state, count(*) as count, sum(l.slots) as slots, sum(l.busy_slots) as busy_slots, sum(l.memory_bytes) as memory_bytes
      from private.list_workers() as l group by l.state) as w),
    'attempts', (select coalesce(jsonb_agg(to_jsonb(a)), '[]') from private.recent_attempts(p_window) as a),
    'dead_letters', (select coalesce(jsonb_agg(jsonb_build_object('stage', g ->> 'stage', 'error_code', g ->> 'error_code',
      'count', g -> 'count')), '[]') from jsonb_array_elements(private.letter_groups(
        row(null, null, null, null, null, null, null, null, null, false)::private.letter_filter)) as g),
    'jobs_ended', (select coalesce(jsonb_object_agg(e.status, e.count), '{}') from (
      select e.status, count(*) as count from public.job_events as e
      where e.created_at >= now() - interval '1 hour' and e.task_id is null and e.status in ('completed', 'failed', 'cancelled')
      group by e.status) as e),
    'live_lag_s', (select coalesce(extract(epoch from now() - min(o.created_at)), 0) from public.realtime_outbox as o),
    'tick_age_s', (select case when isfinite(s.ticked_at) then least(extract(epoch from now() - s.ticked_at), 1e9) else 1e9 end from private.settings as s),
    'denials', (select coalesce(jsonb_object_agg(d.kind, d.count), '{}') from (
      select d.kind, sum(d.denial_count) as count from private.access_denials as d
      where d.hour >= now() - interval '1 hour' group by d.kind) as d));
end
$$;
comment on function private.metrics(interval) is
  'For operators: load by stage, workers, attempts of the last so long (outcomes, p50, p95), dead letters by code, jobs that ended within an hour, how '
  'far live messages and the ticker are behind, and refused requests of the last hour.';

grant execute on function
private.list_workers(), private.order_worker(uuid, text), private.list_stage_load(), private.metrics(interval)
to service_role, cliprow_api;
