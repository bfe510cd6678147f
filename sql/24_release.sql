-- The release window: which waiting task goes to the queue next. Two bounds hold at once: max_concurrent_tasks of
-- tenant, project and batch (exact, because the tenant is locked), and per stage a small multiple of the registered
-- slots (approximate by a few: it only keeps the queue short).
--
-- A release locks the tenants it serves, passing over those that are locked: it never waits for one. So a transaction
-- that has released may not go on to lock a tenant, and release comes last everywhere.

create table private.workers (
  id uuid primary key,
  host text not null default '',
  process_id int not null default 0,
  version text not null default '',
  stages text[] not null,
  slots int not null check (slots > 0),
  is_draining boolean not null default false,
  started_at timestamptz not null default now(),
  heartbeat_at timestamptz not null default now(),
  busy_slots int not null default 0,
  memory_bytes bigint not null default 0,
  stop_requested_at timestamptz
);
comment on table private.workers is 'Live workers. One that stops beating is removed, and its tasks are released again.';
comment on column private.workers.is_draining is 'Takes nothing new: because it stops, or because an operator asked for it.';
comment on column private.workers.busy_slots is 'Slots that ran a task at the last heartbeat.';
comment on column private.workers.memory_bytes is 'Resident memory of the worker and its children at the last heartbeat.';
comment on column private.workers.stop_requested_at is 'When an operator asked it to end once it has nothing left.';

create table private.settings (
  is_only_row boolean primary key default true check (is_only_row),
  queue_depth_per_slot int not null default 2 check (queue_depth_per_slot > 0),
  max_failures int not null default 5 check (max_failures > 0),
  max_losses int not null default 5 check (max_losses > 0),
  backoff_base interval not null default '2 seconds',
  backoff_cap interval not null default '5 minutes',
  ageing interval not null default '5 minutes',
  dead_after interval not null default '20 seconds',
  ticked_at timestamptz not null default '-infinity',
  rescue_at timestamptz not null default '-infinity',
  live_interval interval not null default '250 milliseconds' check (live_interval > '0'),
  live_messages_per_s int not null default 30 check (live_messages_per_s between 2 and 100000),
  live_max_bytes int not null default 200000 check (live_max_bytes > 1000),
  live_max_rows int not null default 500 check (live_max_rows > 0),
  live_keep_for interval not null default '5 minutes' check (live_keep_for > '0'),
  private_callbacks boolean not null default false
);
comment on table private.settings is 'Settings of the queue, one row, and when the ticker last ran.';
comment on column private.settings.queue_depth_per_slot is 'Tasks released per slot and stage: enough that no slot waits for the next.';
comment on column private.settings.max_failures is 'Failed attempts after which a task is a dead letter.';
comment on column private.settings.max_losses is 'Workers a task may lose before it is held to be the cause.';
comment on column private.settings.ageing is 'Waiting this long lifts work by one lane.';
comment on column private.settings.dead_after is 'A worker silent for this long is dead.';
comment on column private.settings.rescue_at is 'Not before this: after an outage every worker looks dead until it has beaten once.';
comment on column private.settings.live_interval is 'Shortest time between two messages on one live topic.';
comment on column private.settings.live_messages_per_s is
  'Most live messages a second on all topics together. Hosted projects count each delivery, 100 a second on the free plan: so this leaves room for followers.';
comment on column private.settings.live_max_bytes is 'A longer live message becomes a resync.';
comment on column private.settings.live_max_rows is 'A live message of more rows becomes a resync, before anybody puts it together.';
comment on column private.settings.live_keep_for is 'Changes that could not be told for this long become a resync of their topics.';
comment on column private.settings.private_callbacks is
  'Whether webhooks may be called over http, and on this machine or its network: for development, or where all tenants are trusted.';
insert into private.settings default values;

create function private.lane_rank(p_lane text, p_served_at timestamptz, p_ageing interval)
returns int
language sql
stable
set search_path = ''
return greatest(0, array_position(array['urgent', 'premium', 'standard'], p_lane) - 1
  - greatest(0, floor(extract(epoch from now() - p_served_at) / extract(epoch from p_ageing)))::int);
comment on function private.lane_rank(text, timestamptz, interval) is
  '0 urgent, 1 premium, 2 standard; each ageing interval without service lifts by one, so that no lane waits for ever.';

create function private.stage_room(p_stage text)
returns int
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select case when private.is_stage_paused(p_stage) or private.is_provider_full(p_stage) then 0 else greatest(0, (
      select s.queue_depth_per_slot * greatest(1, coalesce(sum(w.slots), 0))
      from private.settings as s
      left join private.workers as w on p_stage = any(w.stages) and not w.is_draining
      group by s.queue_depth_per_slot
    ) - (
      select count(*) from public.stage_tasks as t
      where t.stage = p_stage and t.status in ('queued', 'processing')
    ))::int end
  );
end
$$;
comment on function private.stage_room(text) is 'How many more tasks of a stage may be released, over all tenants; 0 while operators hold it back, or its provider is booked up.';

create function private.scope_room(p_tenant_id uuid, p_project_id uuid, p_batch_id uuid)
returns int
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select case
      when t.paused_at is not null or t.deleted_at is not null or p.paused_at is not null or p.deleted_at is not null
        or b.paused_at is not null or b.deleted_at is not null or b.starts_at is not null or b.blocked_at is not null then 0
      else greatest(0, least(
        coalesce(t.max_concurrent_tasks, 2147483647) - coalesce(wt.active_count, 0),
        coalesce(p.max_concurrent_tasks, 2147483647) - coalesce(wp.active_count, 0),
        coalesce(b.max_concurrent_tasks, 2147483647) - coalesce(wb.active_count, 0)))
    end
    from public.batches as b
    join public.projects as p on p.id = b.project_id
    join public.tenants as t on t.id = b.tenant_id
    left join private.windows as wt on wt.scope_id = t.id
    left join private.windows as wp on wp.scope_id = p.id
    left join private.windows as wb on wb.scope_id = b.id
    where b.id = p_batch_id and p.id = p_project_id and t.id = p_tenant_id
  );
end
$$;
comment on function private.scope_room(uuid, uuid, uuid) is
  'How many more tasks of a batch may be released under the caps of batch, project and tenant; 0 while any of them is paused, or the batch may not begin yet.';

create type private.pick as (batch_id uuid, lane text, rank int, room int, place int);
comment on type private.pick is 'A batch whose turn it is, in which lane, as which rank, how many of it may be released, and its place among the others.';

create function private.enqueue(p_stage text, p_picks private.pick [], p_limit int)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_count int;
begin
  -- One of each batch, then a second of each. The queue library assigns ids in the order of the array, so both sides
  -- are joined by place.
  with oldest as materialized (
    select w.job_id, w.id, p.rank, p.place as turn, row_number() over (partition by p.place order by w.job_id, w.position) as round
    from unnest(p_picks) as p
    cross join lateral (
      select t.job_id, t.id, t.position
      from public.stage_tasks as t
      where t.batch_id = p.batch_id and t.stage = p_stage and t.lane = p.lane and t.is_waiting
      order by t.job_id, t.position
      limit least(p.room, (p_limit + cardinality(p_picks) - 1) / cardinality(p_picks))
    ) as w
  ), picked as materialized (
    select o.job_id, o.id, o.rank, row_number() over (order by o.round, o.turn) as place
    from oldest as o
    order by o.round, o.turn
    limit p_limit
  ), entries as materialized (
    select e.entry_id, row_number() over (order by e.entry_id) as place
    from unnest(procrastinate.procrastinate_defer_jobs_v1((
      select array_agg(
        row(p_stage, 'run_task', 10 * (2 - p.rank), null, null,
          jsonb_build_object('job_id', p.job_id, 'task_id', p.id), null)::procrastinate.procrastinate_job_to_defer_v1
        order by p.place)
      from picked as p
    ))) as e (entry_id)
  ), released as (
    update public.stage_tasks as t
    set status = 'queued', queued_at = now(), entry_id = e.entry_id
    from picked as p
    join entries as e on e.place = p.place
    where t.job_id = p.job_id and t.id = p.id
    returning 1
  )
  select count(*) into v_count from released;
  -- As the queue library tells its workers, but once for all.
  perform pg_notify(c.name, json_build_object('type', 'job_inserted', 'job_id', 0)::text)
  from (values ('procrastinate_queue_v1#' || p_stage), ('procrastinate_any_queue_v1')) as c (name)
  where v_count > 0;
  return v_count;
end
$$;
comment on function private.enqueue(text, private.pick [], int) is
  'Moves waiting tasks of batches into the queue, oldest first and the batches in turn; returns how many. The only place that adds queue entries.';

create function private.waiting_turns(p_stage text, p_limit int)
returns table (tenant_id uuid, lane text, rank int)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  -- Each part reads an index in its order, and no further than its limit.
  return query
  with waiting as (
    select l.lane, t.tenant_id, t.served_at, t.waits_since
    from (values ('urgent'), ('premium'), ('standard')) as l (lane)
    cross join lateral (
      select * from private.turns as t
      where t.stage = p_stage and t.lane = l.lane and t.is_waiting
      order by t.served_at, t.tenant_id limit p_limit
    ) as t
    union
    select l.lane, t.tenant_id, t.served_at, t.waits_since
    from (values ('premium'), ('standard')) as l (lane)
    cross join private.settings as s
    cross join lateral (
      select * from private.turns as t
      where t.stage = p_stage and t.lane = l.lane and t.is_waiting and t.waits_since <= now() - s.ageing
      order by t.waits_since limit p_limit
    ) as t
  )
  select w.tenant_id, w.lane, private.lane_rank(w.lane, w.waits_since, s.ageing) as rank
  from waiting as w
  cross join private.settings as s
  order by rank, w.served_at, w.waits_since, w.tenant_id
  limit p_limit;
end
$$;
comment on function private.waiting_turns(text, int) is
  'Whose turn is next at a stage: the best lane, then the tenant served longest ago, then its lane that waits longest; what has waited too long is of a better lane.';

create function private.pick_backlog(p_stage text, p_lane text, p_tenant_id uuid)
returns private.pick
language plpgsql
set search_path = ''
as $$
declare
  v_pick private.pick;
begin
  for v_round in 1..2 loop
    select g.batch_id, g.lane, null, r.room, null into v_pick
    from private.backlogs as g
    cross join lateral private.scope_room(g.tenant_id, g.project_id, g.batch_id) as r (room)
    where g.tenant_id = p_tenant_id and g.stage = p_stage and g.lane = p_lane and g.is_next and r.room > 0
    order by g.batch_id
    limit 1;
    exit when v_round = 2;
    if v_pick.batch_id is null and exists (
      select from private.backlogs as g
      where g.tenant_id = p_tenant_id and g.stage = p_stage and g.lane = p_lane and g.is_next
    ) then
      return null; -- at its cap
    end if;
    perform from private.windows where scope_id = p_tenant_id for update skip locked;
    if not found then
      return null;
    end if;
    -- Looked at again now that the tenant is locked: only then are its counters final.
  end loop;
  if v_pick.batch_id is null then
    update private.turns as t set is_waiting = false
    where t.tenant_id = p_tenant_id and t.stage = p_stage and t.lane = p_lane and not exists (
      select from private.backlogs as g
      where g.tenant_id = p_tenant_id and g.stage = p_stage and g.lane = p_lane and g.is_next
    );
  end if;
  return v_pick;
end
$$;
comment on function private.pick_backlog(text, text, uuid) is
  'The oldest batch of a tenant that has both work and room, and locks the tenant; null when there is none, or the tenant is busy: then it releases for '
  'itself or waits for the ticker. A turn with nothing to wait for is taken back.';

create function private.pick_turns(p_stage text, p_room int, p_limit int)
returns private.pick []
language plpgsql
set search_path = ''
as $$
declare
  v_picks private.pick [] := '{}';
  v_tenant_ids uuid [] := '{}';
  v_pick private.pick;
  v_rank int;
  v_turn record;
begin
  for v_turn in select w.* from private.waiting_turns(p_stage, p_limit) as w loop
    exit when v_turn.rank > v_rank or cardinality(v_picks) = p_room;
    continue when v_turn.tenant_id = any(v_tenant_ids);
    v_pick := private.pick_backlog(p_stage, v_turn.lane, v_turn.tenant_id);
    continue when v_pick.batch_id is null;
    v_rank := v_turn.rank;
    v_pick.rank := v_rank;
    v_pick.place := cardinality(v_picks);
    v_picks := v_picks || v_pick;
    v_tenant_ids := v_tenant_ids || v_turn.tenant_id;
    update private.turns as t
    set served_at = clock_timestamp(), waits_since = case when t.lane = v_turn.lane then clock_timestamp() else t.waits_since end
    where t.tenant_id = v_turn.tenant_id and t.stage = p_stage;
  end loop;
  return v_picks;
end
$$;
comment on function private.pick_turns(text, int, int) is
  'Whose turn it is, one batch of each tenant, all of one rank, and locks those tenants; looks at no more turns than the limit.';

create function private.release_stage(p_stage text)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_room int := private.stage_room(p_stage);
  v_look int := 32 + v_room;
  v_released int := 0;
  v_count int;
  v_picks private.pick [];
begin
  while v_room > 0 loop
    v_picks := private.pick_turns(p_stage, v_room, v_look);
    if v_picks = '{}' then
      -- Nobody among these has both work and room: look at more.
      exit when v_look > (select count(*) from private.turns as t where t.stage = p_stage and t.is_waiting);
      v_look := 8 * v_look;
      continue;
    end if;
    v_count := private.enqueue(p_stage, v_picks, v_room);
    exit when v_count = 0;
    v_room := v_room - v_count;
    v_released := v_released + v_count;
  end loop;
  return v_released;
end
$$;
comment on function private.release_stage(text) is 'Fills the window of one stage, round-robin over tenants; returns how many tasks it released.';

create function private.release()
returns int
language plpgsql
set search_path = ''
as $$
begin
  return (
    select coalesce(sum(private.release_stage(w.stage)), 0)::int
    from private.stage_weights() as w
    -- In the order of an index and one only: `exists` would become a join that reads all turns.
    where (select t.is_waiting from private.turns as t where t.stage = w.stage and t.is_waiting order by t.lane, t.served_at limit 1)
  );
end
$$;
comment on function private.release() is 'Fills the windows of all stages that have work waiting.';
