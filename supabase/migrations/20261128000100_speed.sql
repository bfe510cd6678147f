-- Turns, so that a release looks at a few rows however many wait; claims, completions and batches made with fewer statements.

drop trigger open_backlogs on public.batches;
drop function private.next_backlog(text);
drop function private.enqueue(text, uuid, text, int, int);
alter table private.windows drop column served_at;
drop index private.backlogs_waiting;
alter table private.backlogs drop column served_at;
alter table private.backlogs add column is_next boolean not null generated always as (waiting_count > 0 and is_open) stored;
comment on column private.backlogs.is_open is
  'Whether its batch may be released at all: neither it, its project nor its tenant is paused or removed, and it neither begins later nor waits for others. What '
  'is not open is not looked at.';
comment on column private.backlogs.is_next is 'Whether there is something that may be released.';
create index backlogs_next on private.backlogs (tenant_id, stage, lane, batch_id) where is_next;
create index backlogs_project_id on private.backlogs (tenant_id, project_id);

create table private.turns (
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  stage text not null,
  lane text not null,
  served_at timestamptz not null default '-infinity',
  waits_since timestamptz not null default now(),
  is_waiting boolean not null default true,
  primary key (tenant_id, stage, lane)
) with (fillfactor = 50);
comment on table private.turns is
  'Whose turn it is at a stage and in a lane: one row a tenant, however many batches it has, so that a release looks at a few rows however many wait.';
comment on column private.turns.served_at is 'When a task of it was last released: the tenant served longest ago comes next.';
comment on column private.turns.waits_since is 'When one was last released, or when the first began to wait: the age that lifts a lane.';
comment on column private.turns.is_waiting is
  'Whether it has an open backlog. Set as soon as it has one; a release that finds none takes it back.';
create index turns_served_at on private.turns (stage, lane, served_at, tenant_id) where is_waiting;
create index turns_waits_since on private.turns (stage, lane, waits_since) where is_waiting;

create view private.batch_gates with (security_invoker = true) as
select
  b.id as batch_id, b.tenant_id, b.project_id,
  b.starts_at is null and b.blocked_at is null
  and coalesce(b.paused_at, b.deleted_at, p.paused_at, p.deleted_at, t.paused_at, t.deleted_at) is null as is_open
from public.batches as b
join public.projects as p on p.id = b.project_id
join public.tenants as t on t.id = b.tenant_id;
comment on view private.batch_gates is
  'Whether a batch may be released, as far as pauses, removals, its start and what it waits for are concerned.';

create type private.pick as (batch_id uuid, lane text, rank int, room int, place int);
comment on type private.pick is 'A batch whose turn it is, in which lane, as which rank, how many of it may be released, and its place among the others.';

create or replace function private.legal_move_names()
returns text []
language sql
immutable
set search_path = ''
as $$
  select array_agg(concat_ws(' ', m.entity, m.from_status, m.to_status)) from private.legal_moves() as m
$$;

comment on function private.legal_move_names() is
  'The same as words, like "task pending queued": immutable, so that a plan holds them as a constant and a check costs no query.';

create or replace function private.guard_move()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if new.status <> old.status and tg_argv[0] || ' ' || old.status || ' ' || new.status <> all(private.legal_move_names()) then
    raise exception 'A % that is % cannot become %.', tg_argv[0], old.status, new.status
      using errcode = 'CR004', detail = 'ILLEGAL_MOVE', hint = 'Look at its current state, then decide again.';
  end if;
  new.version := old.version + 1;
  new.updated_at := now();
  return new;
end
$$;

create or replace function private.note_waiting(p_tenant_id uuid)
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.turns (tenant_id, stage, lane)
  select distinct g.tenant_id, g.stage, g.lane from private.backlogs as g where g.tenant_id = p_tenant_id and g.is_next
  on conflict (tenant_id, stage, lane) do nothing;
  update private.turns as t
  set is_waiting = n.is_waiting, waits_since = case when n.is_waiting then now() else t.waits_since end
  from (
    select o.stage, o.lane, exists (
      select from private.backlogs as g
      where g.tenant_id = p_tenant_id and g.stage = o.stage and g.lane = o.lane and g.is_next
    ) as is_waiting
    from private.turns as o where o.tenant_id = p_tenant_id
  ) as n
  where t.tenant_id = p_tenant_id and t.stage = n.stage and t.lane = n.lane and t.is_waiting <> n.is_waiting;
end
$$;

comment on function private.note_waiting(uuid) is
  'Notes in which stages and lanes a tenant has an open backlog. What was closed meanwhile begins to wait now: the time until then lifts no lane.';

create or replace function private.open_backlogs()
returns trigger
language plpgsql
-- definer: whoever pauses something may not write what waits of it.
security definer
set search_path = ''
as $$
declare
  v_tenant_id uuid := coalesce(to_jsonb(new) ->> 'tenant_id', new.id::text);
begin
  perform private.lock_tenant(v_tenant_id);
  update private.backlogs as g
  set is_open = n.is_open
  from private.batch_gates as n
  where n.batch_id = g.batch_id and n.is_open <> g.is_open and g.tenant_id = v_tenant_id and case tg_table_name
    when 'batches' then g.batch_id = new.id
    when 'projects' then g.project_id = new.id
    else true
  end;
  perform private.note_waiting(v_tenant_id);
  return null;
end
$$;

comment on function private.open_backlogs() is
  'Lets what waits of a batch, project or tenant be looked at by the release, or not. Whoever pauses locks the tenant first; here it is locked for those '
  'who change the row itself.';

create or replace function private.begin_turns(p_moves private.count_move [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  update private.turns as t
  set is_waiting = true, waits_since = now()
  from unnest(p_moves) as m
  join private.backlogs as g on g.batch_id = m.batch_id and g.stage = m.stage and g.lane = m.lane and g.is_next
  where t.tenant_id = m.tenant_id and t.stage = m.stage and t.lane = m.lane and not t.is_waiting;
  insert into private.turns (tenant_id, stage, lane)
  select distinct g.tenant_id, g.stage, g.lane
  from unnest(p_moves) as m
  join private.backlogs as g on g.batch_id = m.batch_id and g.stage = m.stage and g.lane = m.lane and g.is_next
  where not exists (
    select from private.turns as t where t.tenant_id = g.tenant_id and t.stage = g.stage and t.lane = g.lane)
  on conflict (tenant_id, stage, lane) do nothing;
end
$$;

comment on function private.begin_turns(private.count_move []) is 'Gives tenants of which something begins to wait a turn.';

create or replace function private.apply_counts(p_moves private.count_move [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  if exists (select from unnest(p_moves) as m where m.waiting > 0) then
    insert into private.backlogs (batch_id, stage, lane, tenant_id, project_id, is_open)
    select m.batch_id, m.stage, m.lane, m.tenant_id, m.project_id, g.is_open
    from unnest(p_moves) as m
    join private.batch_gates as g on g.batch_id = m.batch_id
    where m.waiting > 0 and not exists (
      select from private.backlogs as k where k.batch_id = m.batch_id and k.stage = m.stage and k.lane = m.lane)
    on conflict (batch_id, stage, lane) do nothing;
  end if;
  update private.backlogs as g
  set waiting_count = g.waiting_count + d.waiting
  from (
    select m.batch_id, m.stage, m.lane, sum(m.waiting)::int as waiting from unnest(p_moves) as m group by 1, 2, 3
  ) as d
  where g.batch_id = d.batch_id and g.stage = d.stage and g.lane = d.lane and d.waiting <> 0;
  if exists (select from unnest(p_moves) as m where m.waiting > 0) then
    perform private.begin_turns(p_moves);
  end if;

  insert into private.windows (scope_id, scope)
  select s.scope_id, s.scope
  from unnest(p_moves) as m
  cross join lateral (values (m.tenant_id, 'tenant'), (m.project_id, 'project'), (m.batch_id, 'batch')) as s (scope_id, scope)
  where m.active > 0 and not exists (select from private.windows as w where w.scope_id = s.scope_id)
  on conflict (scope_id) do nothing;
  update private.windows as w
  set active_count = w.active_count + d.active
  from (
    select s.scope_id, sum(m.active)::int as active
    from unnest(p_moves) as m
    cross join lateral (values (m.tenant_id), (m.project_id), (m.batch_id)) as s (scope_id)
    group by s.scope_id
  ) as d
  where w.scope_id = d.scope_id and d.active <> 0;
end
$$;

create or replace function private.enqueue(p_stage text, p_picks private.pick [], p_limit int)
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
  return v_count;
end
$$;

comment on function private.enqueue(text, private.pick [], int) is
  'Moves waiting tasks of batches into the queue, oldest first and the batches in turn; returns how many. The only place that adds queue entries.';

create or replace function private.waiting_turns(p_stage text, p_limit int)
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
  order by rank, w.served_at, w.tenant_id
  limit p_limit;
end
$$;

comment on function private.waiting_turns(text, int) is
  'Whose turn is next at a stage: the best lane, then the tenant served longest ago; what has waited too long is of a better lane.';

create or replace function private.pick_backlog(p_stage text, p_lane text, p_tenant_id uuid)
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

create or replace function private.pick_turns(p_stage text, p_room int, p_limit int)
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
    set served_at = clock_timestamp(), waits_since = clock_timestamp()
    where t.tenant_id = v_turn.tenant_id and t.stage = p_stage and t.lane = v_turn.lane;
  end loop;
  return v_picks;
end
$$;

comment on function private.pick_turns(text, int, int) is
  'Whose turn it is, one batch of each tenant, all of one rank, and locks those tenants; looks at no more turns than the limit.';

create or replace function private.release_stage(p_stage text)
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

create or replace function private.release()
returns int
language plpgsql
set search_path = ''
as $$
begin
  return (
    select coalesce(sum(private.release_stage(w.stage)), 0)::int
    from private.stage_weights() as w
    where exists (select from private.turns as t where t.stage = w.stage and t.is_waiting)
  );
end
$$;

create or replace function private.forget_wait(p_tenant_id uuid, p_project_id uuid default null, p_batch_id uuid default null)
returns void
language sql
set search_path = ''
as $$
  select private.note_waiting(p_tenant_id)
$$;

create or replace function private.resume_stage(p_stage text)
returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  perform private.check_stage(p_stage);
  insert into private.stage_queues as q (stage) values (p_stage)
  on conflict (stage) do update set paused_at = null, paused_by = null, reason = '';
  -- The time of the pause is no waiting, and lifts no lane.
  update private.turns as t set waits_since = now() where t.stage = p_stage and t.is_waiting;
  return private.told_stage(p_stage, private.release());
end
$$;

grant execute on function private.legal_move_names() to service_role;

create trigger open_backlogs after update on public.batches
for each row when (
  (new.starts_at is null and new.blocked_at is null and new.paused_at is null and new.deleted_at is null)
  is distinct from (old.starts_at is null and old.blocked_at is null and old.paused_at is null and old.deleted_at is null)
) execute function private.open_backlogs();
create trigger open_backlogs after update on public.projects
for each row when (coalesce(new.paused_at, new.deleted_at) is null is distinct from (coalesce(old.paused_at, old.deleted_at) is null))
execute function private.open_backlogs();
create trigger open_backlogs after update on public.tenants
for each row when (coalesce(new.paused_at, new.deleted_at) is null is distinct from (coalesce(old.paused_at, old.deleted_at) is null))
execute function private.open_backlogs();

-- What waited before this.
update private.backlogs as g set is_open = n.is_open from private.batch_gates as n where n.batch_id = g.batch_id;
select private.note_waiting(t.tenant_id) from (select distinct g.tenant_id from private.backlogs as g where g.is_next) as t;
