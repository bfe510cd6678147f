-- Turns, so that a release looks at a few rows however many wait; claims, completions and batches made with fewer statements.

drop trigger open_backlogs on public.batches;
drop function private.next_backlog(text);
drop function private.enqueue(text, uuid, text, int, int);
alter table private.windows drop column served_at;
drop index private.backlogs_waiting;
alter table private.backlogs add column is_next boolean not null generated always as (waiting_count > 0 and is_open) stored;
comment on column private.backlogs.served_at is 'When one was last released, or when the first began to wait.';
comment on column private.backlogs.is_open is
  'Whether its batch may be released at all: neither it, its project nor its tenant is paused or removed, it neither begins later nor '
  'waits for others, and no budget holds it. What is not open is not looked at.';
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
comment on column private.turns.served_at is 'When a task of the tenant was last released at this stage: the tenant served longest ago comes next.';
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

create type private.claim as (
  place int, entry private.queue_entry, task public.stage_tasks, verdict text, attempt_id uuid, content_key text, inputs jsonb
);
comment on type private.claim is
  'A queue entry that a worker has fetched, its place among those of the call, its task, and what becomes of that; the verdict is null while undecided.';
create type private.made_script as (job public.generation_jobs, task_id uuid, script jsonb);
comment on type private.made_script is 'A finished script, its job, and the task that made it.';
drop function private.judge_claim(public.stage_tasks, private.queue_entry, uuid, text []);
drop function private.is_paused(public.stage_tasks);
drop function private.reserve_artifact(public.stage_tasks, text, text, uuid);
drop function private.expand_job(public.generation_jobs, uuid, jsonb);
drop function private.insert_jobs(public.batches, jsonb, text);

alter table public.batches add column is_filling boolean not null default false;
comment on column public.batches.is_filling is 'More topics are to come, by append_topics; until then it does not end.';

-- Entries go as soon as their tasks have ended, so their events would be written only to be removed; ours are in job_events.
-- Of new entries private.enqueue tells workers once for many.
alter table procrastinate.procrastinate_jobs disable trigger procrastinate_trigger_status_events_insert_v1;
alter table procrastinate.procrastinate_jobs disable trigger procrastinate_trigger_status_events_update_v1;
alter table procrastinate.procrastinate_jobs disable trigger procrastinate_jobs_notify_queue_job_inserted_v1;


drop function private.fetch_entries(bigint, text [], int);
create type private.fetched_entry as (entry_id bigint, stage text, job_id uuid, task_id uuid, tenant_id uuid);
comment on type private.fetched_entry is 'A queue entry that waits to be taken, its task, and whose that is; no tenant where the task is gone.';

drop function private.check_request(jsonb, jsonb);
drop function private.request_problems(jsonb, jsonb);

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
  set is_open = n.is_open and not g.is_over_budget
  from private.batch_gates as n
  where n.batch_id = g.batch_id and (n.is_open and not g.is_over_budget) <> g.is_open and g.tenant_id = v_tenant_id and case tg_table_name
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
  insert into private.turns (tenant_id, stage, lane, served_at)
  select distinct g.tenant_id, g.stage, g.lane, coalesce((
    select max(o.served_at) from private.turns as o where o.tenant_id = g.tenant_id and o.stage = g.stage), '-infinity')
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
    insert into private.backlogs (batch_id, stage, lane, tenant_id, project_id, is_over_budget, is_open)
    select m.batch_id, m.stage, m.lane, m.tenant_id, m.project_id, o.is_over, g.is_open and not o.is_over
    from unnest(p_moves) as m
    join private.batch_gates as g on g.batch_id = m.batch_id
    cross join lateral (select private.is_over_budget(m.tenant_id, m.project_id, m.batch_id, m.stage) as is_over) as o
    where m.waiting > 0 and not exists (
      select from private.backlogs as k where k.batch_id = m.batch_id and k.stage = m.stage and k.lane = m.lane)
    on conflict (batch_id, stage, lane) do nothing;
  end if;
  update private.backlogs as g
  set
    waiting_count = g.waiting_count + d.waiting,
    served_at = case when d.waiting < 0 or g.waiting_count = 0 then now() else g.served_at end
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

create or replace function private.tasks_moved()
returns trigger
language plpgsql
-- definer: callers may not write events and jobs themselves.
security definer
set search_path = ''
as $$
declare
  v_completed_in uuid[];
  v_started_in uuid[];
  v_changed_in uuid[];
begin
  if not exists (select from new_rows) then
    return null;
  end if;
  insert into public.job_events (
    job_id, tenant_id, project_id, batch_id, task_id, stage, status, progress, retries, error_code, error_message
  )
  select n.job_id, n.tenant_id, n.project_id, n.batch_id, n.id, n.stage, n.status, n.progress,
    n.failure_count + n.lost_count, n.error_code, n.error_message
  from new_rows as n
  join old_rows as o on o.job_id = n.job_id and o.id = n.id
  where n.status <> o.status;

  select
    array_agg(distinct n.job_id) filter (where n.status = 'completed' and o.status <> 'completed'),
    array_agg(distinct n.job_id) filter (where n.status = 'processing' and o.status = 'queued'),
    array_agg(distinct n.job_id) filter (where n.progress <> o.progress or (n.status <> o.status
      -- To the job it is all the same whether a task waits in the queue or before it.
      and not (n.status in ('pending', 'queued') and o.status in ('pending', 'queued'))
      and not (n.status = 'processing' and o.status = 'queued')
      -- Unlocked from here: the jobs are rolled up right after.
      and not (n.status = 'pending' and o.status = 'blocked' and pg_trigger_depth() > 1)))
  into v_completed_in, v_started_in, v_changed_in
  from new_rows as n
  join old_rows as o on o.job_id = n.job_id and o.id = n.id;

  if v_started_in is not null then
    -- Only the first start changes a job.
    v_changed_in := v_changed_in || array(
      select j.id from public.generation_jobs as j where j.id = any(v_started_in) and j.status = 'pending' and j.id = any(v_changed_in) is not true
    );
  end if;
  if v_completed_in is not null then
    perform private.unlock_dependents(v_completed_in);
  end if;
  if cardinality(v_changed_in) > 0 then
    perform private.roll_up_jobs(v_changed_in);
  end if;
  return null;
end
$$;

create or replace function private.apply_batch_moves(p_moves private.batch_move [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.batches as b
  set
    job_count = n.job_count,
    pending_count = n.pending_count,
    processing_count = n.processing_count,
    completed_count = n.completed_count,
    failed_count = n.failed_count,
    cancelled_count = n.cancelled_count,
    progress_sum = n.progress_sum,
    status = d.status,
    started_at = coalesce(b.started_at, case when d.status in ('processing', 'completed', 'partial', 'failed') then now() end),
    completed_at = case when d.status in ('completed', 'partial', 'failed', 'cancelled') then coalesce(b.completed_at, now()) end
  from (
    select
      t.id, t.status, t.is_filling, t.job_count + sum(m.jobs)::int as job_count,
      t.pending_count + coalesce(sum(m.jobs) filter (where m.status = 'pending'), 0)::int as pending_count,
      t.processing_count + coalesce(sum(m.jobs) filter (where m.status = 'processing'), 0)::int as processing_count,
      t.completed_count + coalesce(sum(m.jobs) filter (where m.status = 'completed'), 0)::int as completed_count,
      t.failed_count + coalesce(sum(m.jobs) filter (where m.status = 'failed'), 0)::int as failed_count,
      t.cancelled_count + coalesce(sum(m.jobs) filter (where m.status = 'cancelled'), 0)::int as cancelled_count,
      t.progress_sum + sum(m.progress)::bigint as progress_sum
    from unnest(p_moves) as m
    join public.batches as t on t.id = m.batch_id
    group by t.id
  ) as n
  cross join lateral (
    select private.batch_status(
      -- A topic that is still to come has not ended.
      n.status, n.job_count + n.is_filling::int, n.pending_count + n.is_filling::int, n.completed_count, n.failed_count, n.cancelled_count
    ) as status
  ) as d
  where b.id = n.id
    and (b.status, b.pending_count, b.processing_count, b.completed_count, b.failed_count, b.cancelled_count, b.progress_sum)
    is distinct from
    (d.status, n.pending_count, n.processing_count, n.completed_count, n.failed_count, n.cancelled_count, n.progress_sum);
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
  -- As the queue library tells its workers, but once for all.
  perform pg_notify(c.name, json_build_object('type', 'job_inserted', 'job_id', 0)::text)
  from (values ('procrastinate_queue_v1#' || p_stage), ('procrastinate_any_queue_v1')) as c (name)
  where v_count > 0;
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
  order by rank, w.served_at, w.waits_since, w.tenant_id
  limit p_limit;
end
$$;

comment on function private.waiting_turns(text, int) is
  'Whose turn is next at a stage: the best lane, then the tenant served longest ago, then its lane that waits longest; what has waited too long is of a better lane.';

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
    set served_at = clock_timestamp(), waits_since = case when t.lane = v_turn.lane then clock_timestamp() else t.waits_since end
    where t.tenant_id = v_turn.tenant_id and t.stage = p_stage;
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
    -- In the order of an index and one only: `exists` would become a join that reads all turns.
    where (select t.is_waiting from private.turns as t where t.stage = w.stage and t.is_waiting order by t.lane, t.served_at limit 1)
  );
end
$$;

create or replace function private.store_scripts(p_made private.made_script [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  with stored as (
    insert into public.scripts (tenant_id, project_id, job_id, content, word_count, total_duration, script_type, language)
    select (m.job).tenant_id, (m.job).project_id, (m.job).id, m.script,
      (select coalesce(sum(array_length(regexp_split_to_array(btrim(s ->> 'voiceover_text'), '\s+'), 1)), 0)
       from jsonb_array_elements(m.script -> 'scenes') as s),
      coalesce(((m.job).params ->> 'duration_s')::int, 0),
      coalesce((m.job).params ->> 'script_type', 'explainer'), coalesce(m.script ->> 'language', 'en')
    from unnest(p_made) as m
    returning id, tenant_id, total_duration, content, language
  )
  insert into public.scenes (
    tenant_id, script_id, scene_number, duration, voiceover_text, visual_description, heading, points, scene_type, language
  )
  select k.tenant_id, k.id, (s ->> 'scene_number')::int,
    greatest(1, k.total_duration / jsonb_array_length(k.content -> 'scenes')), s ->> 'voiceover_text',
    s ->> 'visual_description', coalesce(s ->> 'heading', ''), coalesce(s -> 'points', '[]'), s ->> 'scene_type', k.language
  from stored as k
  cross join jsonb_array_elements(k.content -> 'scenes') as s;
end
$$;

comment on function private.store_scripts(private.made_script []) is 'Keeps finished scripts and their scenes.';

create or replace function private.store_script(p_job public.generation_jobs, p_script jsonb)
returns void
language sql
set search_path = ''
as $$
  select private.store_scripts(array[row(p_job, null, p_script)::private.made_script])
$$;

create or replace function private.expand_jobs(p_made private.made_script [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  with made as materialized (
    select m.n, m.job, m.task_id, m.script from unnest(p_made) with ordinality as m (job, task_id, script, n)
  ), scene as (
    select m.n, m.task_id, (s ->> 'scene_number')::int as number
    from made as m
    cross join jsonb_array_elements(m.script -> 'scenes') as s
  ), target as materialized (
    select m.n, p.platform, p.aspect, p.width, p.height
    from made as m
    join public.platforms as p on p.platform = any((m.job).platforms)
  ), audio as materialized (
    select private.uuid_v7() as id, scene.n, scene.number, scene.task_id from scene
  ), video as materialized (
    select private.uuid_v7() as id, audio.n, audio.number, r.aspect, r.width, r.height, audio.id as audio_id
    from audio
    join (select distinct target.n, target.aspect, target.width, target.height from target) as r on r.n = audio.n
  ), segment as (
    select video.n, video.width, video.height, array_agg(video.id order by video.number) as ids
    from video group by video.n, video.width, video.height
  ), package as materialized (
    select private.uuid_v7() as id, target.n, target.platform, target.aspect, target.width, target.height, segment.ids as needs
    from target
    join segment on segment.n = target.n and segment.width = target.width and segment.height = target.height
  ), task (n, id, stage, scene_number, aspect, width, height, platform, place, needs, status) as (
    -- The script that the first of them need is about to be completed.
    select n, id, 'audio_generation', number, null::text, null::int, null::int, null::text, 1000 + number, array[task_id], 'pending'
    from audio
    union all
    select n, id, 'video_generation', number, aspect, width, height, null, 2000 + number, array[audio_id], 'blocked' from video
    union all
    select n, id, 'platform_adaptation', null, aspect, width, height, platform, 3000, needs, 'blocked' from package
    union all
    select n, private.uuid_v7(), 'post_processing', null, aspect, width, height, platform, 4000, array[id], 'blocked' from package
  )
  insert into public.stage_tasks (
    job_id, id, tenant_id, project_id, batch_id, stage, scene_number, aspect, width, height, platform, position, lane,
    needs, status, held_at, generation
  )
  select (m.job).id, k.id, (m.job).tenant_id, (m.job).project_id, (m.job).batch_id, k.stage, k.scene_number, k.aspect, k.width, k.height,
    k.platform, k.place, (m.job).lane, k.needs, k.status, case k.status when 'pending' then coalesce((m.job).paused_at, (m.job).blocked_at) end, (m.job).generation
  from task as k
  join made as m on m.n = k.n;
end
$$;

comment on function private.expand_jobs(private.made_script []) is
  'Adds the tasks that follow from scripts: sound per scene, picture per scene and raster, package per platform.';

create or replace function private.inputs_of_tasks(p_tasks public.stage_tasks [])
returns table (task_id uuid, inputs jsonb)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  with known as (
    select t as task, j as job, s.script
    from unnest(p_tasks) as t
    join public.generation_jobs as j on j.id = t.job_id
    left join lateral (
      select n as script from public.scripts as n
      where n.tenant_id = t.tenant_id and n.job_id = t.job_id order by n.created_at desc, n.id desc limit 1
    ) as s on t.stage <> 'script_generation'
  )
  select (k.task).id, jsonb_strip_nulls(case (k.task).stage
    when 'script_generation' then jsonb_build_object(
      'topic', (k.job).topic, 'brief', (k.job).params -> 'brief', 'audience', (k.job).params -> 'audience',
      'tone', (k.job).params -> 'tone', 'script_type', (k.job).params -> 'script_type',
      'language', (k.job).params -> 'language', 'duration_s', (k.job).params -> 'duration_s', 'scenes', (k.job).params -> 'scenes')
    when 'audio_generation' then (
      select jsonb_build_object('text', s.voiceover_text, 'language', (k.script).language, 'voice', (k.job).params -> 'voice')
      from public.scenes as s where s.script_id = (k.script).id and s.scene_number = (k.task).scene_number)
    when 'video_generation' then private.scene_inputs(k.task, k.job, k.script)
    when 'platform_adaptation' then jsonb_build_object(
      'rules', (
        select to_jsonb(r) - array['is_offered', 'source', 'checked_on'] from public.platforms as r
        where r.platform = (k.task).platform),
      'scenes', private.scene_media(k.task))
    when 'post_processing' then private.package_inputs(k.task, k.job, k.script)
  end)
  from known as k;
end
$$;

comment on function private.inputs_of_tasks(public.stage_tasks []) is
  'The canonical inputs of tasks, from the job, its script and the artifacts of what each needs. Equal inputs give an equal content key.';

create or replace function private.task_inputs(p_task public.stage_tasks)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (select i.inputs from private.inputs_of_tasks(array[p_task]) as i);
end
$$;

comment on function private.task_inputs(public.stage_tasks) is 'The canonical inputs of a task.';

create or replace function private.option_problems(p_options jsonb)
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select jsonb_agg(private.as_problem(null, o.key, p.reason) order by o.key)
  from jsonb_each(p_options) as o
  cross join lateral (
    select case o.key
      when 'title' then case when jsonb_typeof(o.value) <> 'string' or length(p_options ->> 'title') > 200
        then 'is not text of up to 200 characters' end
      when 'max_concurrent_tasks' then case when o.value::text !~ '^([1-9][0-9]{0,5}|null)$' then 'is not a whole number from 1 to 999,999' end
      when 'is_filling' then case when jsonb_typeof(o.value) not in ('boolean', 'null') then 'is neither true nor false' end
      when 'job_type' then case when p_options ->> 'job_type' not in ('single', 'batch') then 'is neither single nor batch' end
    end as reason
  ) as p
  where p.reason is not null
$$;

create or replace function private.request_problems(p_topics jsonb, p_options jsonb, p_after int default 0)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  if not private.is_topic_list(p_topics) then
    return jsonb_build_array(private.as_problem(null, 'topics', 'is not a list of 1 to 10,000 topics'));
  elsif jsonb_typeof(p_options) is distinct from 'object' then
    return jsonb_build_array(private.as_problem(null, 'options', 'is not an object'));
  end if;
  return coalesce(private.option_problems(p_options), '[]') || coalesce(private.timing_problems(p_options), '[]') || coalesce(private.topic_problems(p_topics), '[]')
    || coalesce(private.library_problems(p_topics), '[]') || coalesce(private.wait_problems(p_topics, p_after), '[]')
    || coalesce(private.lane_problems(p_topics), '[]') || coalesce(private.reuse_problems(p_topics, p_options), '[]');
end
$$;

comment on function private.request_problems(jsonb, jsonb, int) is
  'Everything wrong with the options of a batch and its topics, which come after so many others; an empty list when nothing is.';

create or replace function private.check_request(p_topics jsonb, p_options jsonb, p_after int default 0)
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  v_problems jsonb;
begin
  if not private.is_topic_list(p_topics) then
    raise exception 'A batch takes a list of 1 to 10,000 topics.'
      using errcode = 'CR001', hint = 'Split a longer list into several batches.';
  elsif jsonb_typeof(p_options) is distinct from 'object' then
    raise exception 'The options of a batch are an object.' using errcode = 'CR001', hint = 'Send {} for none.';
  end if;
  v_problems := private.request_problems(p_topics, p_options, p_after);
  if v_problems <> '[]' then
    raise exception '% of the topics and options cannot be used.', (
      select count(distinct coalesce(p ->> 'row', p ->> 'field')) from jsonb_array_elements(v_problems) as p)
      using errcode = 'CR001', detail = v_problems::text, hint = 'Correct the rows and fields named, or leave them out.';
  end if;
end
$$;

comment on function private.check_request(jsonb, jsonb, int) is
  'Raises CR001, with every problem in the detail, unless a batch can be made of this.';

create or replace function private.insert_jobs(p_batch public.batches, p_topics jsonb, p_job_type text, p_after int)
returns void
language sql
set search_path = ''
as $$
  with job as (
    insert into public.generation_jobs (
      id, tenant_id, project_id, batch_id, position, job_type, lane, topic, platforms, params, stage
    )
    select private.uuid_v7(), p_batch.tenant_id, p_batch.project_id, p_batch.id, p_after + t.ordinality, p_job_type,
      coalesce(t.value ->> 'priority', 'standard'), btrim(t.value ->> 'topic'),
      array(select distinct p from jsonb_array_elements_text(t.value -> 'platforms') as p order by p),
      jsonb_strip_nulls((t.value - array['topic', 'platforms', 'priority']) || case when t.value ? 'library_items'
        then jsonb_build_object('scenes', private.library_scenes(t.value -> 'library_items')) else '{}' end), 'script_generation'
    from jsonb_array_elements(p_topics) with ordinality as t
    returning id, lane
  )
  insert into public.stage_tasks (job_id, tenant_id, project_id, batch_id, stage, position, lane)
  select job.id, p_batch.tenant_id, p_batch.project_id, p_batch.id, 'script_generation', 0, job.lane from job
$$;

comment on function private.insert_jobs(public.batches, jsonb, text, int) is
  'One job and its first task for each topic, in order, after so many others of the batch.';

create or replace function private.insert_batch(p_project public.projects, p_options jsonb)
returns public.batches
language plpgsql
set search_path = ''
as $$
declare
  v_batch public.batches;
  v_number bigint;
begin
  update public.tenants set last_batch_number = last_batch_number + 1
  where id = p_project.tenant_id
  returning last_batch_number into v_number;
  insert into public.batches (tenant_id, project_id, number, title, options, max_concurrent_tasks, created_by, is_filling)
  values (p_project.tenant_id, p_project.id, v_number, coalesce(p_options ->> 'title', ''),
    p_options - array['title', 'max_concurrent_tasks', 'job_type', 'is_filling'],
    (p_options ->> 'max_concurrent_tasks')::int, private.user_id(), coalesce((p_options ->> 'is_filling')::boolean, false))
  returning * into v_batch;
  return private.apply_timing(v_batch);
end
$$;

create or replace function public.create_batch(
  project_id uuid, topics jsonb, options jsonb default '{}', idempotency_key text default null
)
returns jsonb
language plpgsql
-- definer: users may not write jobs and tasks; it asserts tenant, role and project itself.
security definer
set search_path = ''
-- Queries on partitioned tables, those of foreign keys too, would otherwise be planned again for every row and call.
set plan_cache_mode = 'force_generic_plan'
as $$
#variable_conflict use_column
declare
  v_project public.projects;
  v_batch public.batches;
  v_is_new boolean := true;
begin
  -- Before anything is locked: a new leaf locks whole tables.
  perform private.ensure_partitions(1);
  v_project := private.check_may_create(create_batch.project_id);
  perform private.lock_tenant(v_project.tenant_id);
  if idempotency_key is not null then
    v_batch := private.batch_of_key(v_project, idempotency_key, jsonb_build_array(project_id, topics, options));
    v_is_new := v_batch.id is null;
  end if;
  if v_is_new then
    perform private.check_request(topics, options);
    topics := private.with_library_items(topics, options);
    v_batch := private.insert_batch(v_project, options);
    perform private.insert_jobs(v_batch, topics, coalesce(options ->> 'job_type', 'batch'), 0);
    perform private.apply_waits(v_batch, topics);
    perform private.count_library_use(topics);
    update public.idempotency_keys as k set batch_id = v_batch.id
    where k.tenant_id = v_project.tenant_id and k.key = create_batch.idempotency_key;
    perform private.release();
  end if;
  return (
    select jsonb_build_object('batch_id', b.id, 'number', b.number, 'job_count', b.job_count, 'topic_count', private.topic_count(b),
      'is_filling', b.is_filling, 'is_new', v_is_new,
      'expected_cost', private.expected_batch_cost(b.tenant_id, create_batch.topics))
    from public.batches as b where b.id = v_batch.id);
end
$$;

comment on function public.create_batch(uuid, jsonb, jsonb, text) is
  'Creates a batch: one job per topic object {topic, platforms, brief?, audience?, tone?, script_type?, language?, duration_s?, priority?, '
  'voice?, images?, library_items?, reuse?, metadata?, after_rows?, after_condition?, after_failure?, deadline?, on_deadline?}, in one transaction. Options: title, max_concurrent_tasks, job_type, is_filling (more topics follow by append_topics), starts_at, after, after_condition, after_failure, deadline, on_deadline, reuse. The same idempotency key and request again return '
  'the same batch. Raises CR001 with every problem in the detail, CR002, CR003 or CR004.';

create or replace function private.topic_count(p_batch public.batches)
returns int
language plpgsql
stable
set search_path = ''
as $$
begin
  return coalesce((
    select j.position from public.generation_jobs as j
    where j.tenant_id = p_batch.tenant_id and j.batch_id = p_batch.id order by j.position desc limit 1), 0);
end
$$;

comment on function private.topic_count(public.batches) is 'How many topics a batch was given so far.';

create or replace function private.is_chunk_there(p_batch public.batches, p_position int, p_topics jsonb)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
declare
  v_count int := private.topic_count(p_batch);
  v_last int := p_position - 1 + jsonb_array_length(p_topics);
begin
  if p_position = v_count + 1 then
    return false;
  elsif p_position not between 1 and v_count or v_last > v_count then
    raise exception 'The batch has % topics, so the next chunk begins at %, not at %.', v_count, v_count + 1, p_position
      using errcode = 'CR004', hint = 'Go on with the topic after the last one it has.';
  elsif exists (
    select from jsonb_array_elements(p_topics) with ordinality as t
    join public.generation_jobs as j on j.tenant_id = p_batch.tenant_id and j.batch_id = p_batch.id
      and j.position = p_position - 1 + t.ordinality
    where j.topic <> btrim(t.value ->> 'topic')
  ) then
    raise exception 'The batch has other topics at these places.'
      using errcode = 'CR004', hint = 'Send the list that the batch was begun with, or create a new batch.';
  end if;
  return true;
end
$$;

comment on function private.is_chunk_there(public.batches, int, jsonb) is
  'Whether a batch has the topics of a chunk already; raises CR004 when it has others there, or the chunk does not follow the last one.';

create or replace function private.finish_filling(p_batch public.batches)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.batches set is_filling = false where id = p_batch.id and is_filling;
  -- All that there is may have ended meanwhile.
  perform private.apply_batch_moves(array[row(p_batch.id, 'pending', 0, 0)::private.batch_move]);
end
$$;

comment on function private.finish_filling(public.batches) is 'A batch has all of its topics, and ends with the last of them. Its tenant is locked.';

create or replace function public.append_topics(batch_id uuid, "position" int, topics jsonb, is_last boolean default false)
returns jsonb
language plpgsql
-- definer: users may not write jobs and tasks; it asserts tenant, role and project itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
#variable_conflict use_column
declare
  v_batch public.batches;
  v_topics jsonb;
  v_is_new boolean := false;
begin
  -- Before anything is locked: a new leaf locks whole tables.
  perform private.ensure_partitions(1);
  v_batch := private.batch_to_control(append_topics.batch_id);
  if append_topics.topics is distinct from '[]' then
    perform private.check_request(append_topics.topics, jsonb_strip_nulls(jsonb_build_object('reuse', v_batch.options -> 'reuse')),
      append_topics.position - 1);
    v_is_new := not private.is_chunk_there(v_batch, append_topics.position, append_topics.topics);
  end if;
  if v_is_new and not v_batch.is_filling then
    raise exception 'The batch is %, and not being filled any more.', v_batch.status
      using errcode = 'CR004', hint = 'Create a new batch for more topics.';
  end if;
  if v_is_new then
    v_topics := private.with_library_items(append_topics.topics, v_batch.options);
    perform private.insert_jobs(v_batch, v_topics, 'batch', append_topics.position - 1);
    perform private.apply_waits(v_batch, v_topics, append_topics.position - 1);
    perform private.count_library_use(v_topics);
  end if;
  if append_topics.is_last and v_batch.is_filling then
    perform private.finish_filling(v_batch);
  end if;
  perform private.release();
  return (
    select jsonb_build_object('batch_id', b.id, 'topic_count', private.topic_count(b), 'job_count', b.job_count,
      'is_filling', b.is_filling, 'is_new', v_is_new)
    from public.batches as b where b.id = v_batch.id);
end
$$;

comment on function public.append_topics(uuid, int, jsonb, boolean) is
  'Adds up to 10,000 topics, as create_batch takes them, to a batch that was created with the option is_filling; position is the place of the first of them, '
  'from 1. What is there already is not made again, so a chunk may be sent twice. With is_last (and [] for none) the batch is complete. Returns {batch_id, topic_count, '
  'job_count, is_filling, is_new}: go on after topic_count. Raises CR001 with every problem in the detail, CR002, CR003, or CR004 where the chunk does not '
  'follow, other topics are there, or the batch is not being filled.';

create or replace function private.follow_scripts(p_tasks public.stage_tasks [])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_made private.made_script [] := array(
    select row(j, t.id, a.facts)::private.made_script
    from unnest(p_tasks) as t
    join public.artifacts as a on a.tenant_id = t.tenant_id and a.content_key = t.content_key
    join public.generation_jobs as j on j.id = t.job_id
    where t.stage = 'script_generation'
  );
begin
  if v_made <> '{}' then
    perform private.store_scripts(v_made);
    perform private.expand_jobs(v_made);
  end if;
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

create or replace function private.look_up_claims(p_entries private.queue_entry [], p_worker_id uuid)
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

create or replace function private.add_inputs(p_claims private.claim [])
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

create or replace function private.reserve_artifacts(p_claims private.claim [])
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

create or replace function private.put_off(p_claims private.claim [])
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

create or replace function private.claim_all(p_entries private.queue_entry [], p_worker_id uuid)
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

create or replace function private.keep_results(p_results private.result [], p_tasks public.stage_tasks [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.spare_files(array(select r.files from unnest(p_results) as r));
  update public.artifacts as a
  set status = 'ready', ready_at = now(), damaged_at = null, checked_at = null, facts = r.facts, files = r.files,
    size_bytes = (select coalesce(sum((f ->> 'size_bytes')::bigint), 0) from jsonb_array_elements(r.files) as f)
  from unnest(p_tasks) as t
  join unnest(p_results) as r on r.attempt_id = t.attempt_id
  where a.tenant_id = t.tenant_id and a.content_key = t.content_key;
  update public.task_attempts as a
  set status = 'completed', finished_at = now(), timings = r.timings
  from unnest(p_tasks) as t
  join unnest(p_results) as r on r.attempt_id = t.attempt_id
  where a.job_id = t.job_id and a.id = t.attempt_id;
  perform private.charge_tasks(p_tasks);
  perform private.finish_tasks(p_tasks, false);
end
$$;

create or replace function private.tell_if_quiet(p_first_id bigint)
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_mark_ids bigint [] := array(
    select o.id from public.realtime_outbox as o where o.id >= p_first_id and o.xact_id = pg_current_xact_id());
  -- Nobody follows what this transaction has made, or what is gone.
  v_told uuid [] := array(
    select m.scope_id from private.marked_scopes(v_mark_ids) as m where coalesce(m.made_at = now(), true));
  v_job_count int := (
    select coalesce(max(cardinality(o.ids)), 0) from public.realtime_outbox as o where o.id = any(v_mark_ids) and o.entity = 'job');
  v record;
begin
  for v in
    select m.scope_id, m.scope, t.id as tenant_id, t.epoch, (s.live_messages_per_s + 1) / 2 as last_ticket
    from private.marked_scopes(v_mark_ids) as m
    cross join private.settings as s
    join public.tenants as t on t.id = m.tenant_id
    left join private.live_topics as l on l.scope_id = m.scope_id
    where m.scope_id <> all(v_told)
      -- Of many jobs the flush tells, which keeps nobody waiting while it puts them together.
      and v_job_count <= 25
      and coalesce(l.sent_at <= clock_timestamp() - s.live_interval, true)
      -- What waits already goes first, with all that has come since; unless it waits for a flush that does not come.
      and not exists (
        select from public.realtime_outbox as o
        where o.tenant_id = m.tenant_id and m.scope_id = any(o.scopes) and o.id <> all(v_mark_ids)
          and o.created_at > now() - 8 * s.live_interval)
    order by m.scope_id
    limit 6
  loop
    if private.tell(v.scope, v.scope_id, v.tenant_id, v.epoch, v_mark_ids, v.last_ticket) in ('sent', 'nothing') then
      v_told := v_told || v.scope_id;
    end if;
  end loop;
  perform private.settle_marks(v_mark_ids, v_told);
end
$$;

comment on function private.tell_if_quiet(bigint) is
  'Tells of this transaction''s own marks, from this one on, on topics that have been quiet and where nothing waits, if they name few jobs. Half of the tickets are left '
  'to the flush, so that busy topics have their turn.';

create or replace function private.next_entries(p_stages text [], p_limit int)
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

create or replace function private.lock_free_tenants(p_tenant_ids uuid [])
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

create or replace function private.take_round(p_worker_id uuid, p_queue_worker_id bigint, p_stages text [], p_limit int, p_versions jsonb)
returns setof jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_next private.fetched_entry [] := private.next_entries(p_stages, p_limit);
  v_tenant_ids uuid [] := private.lock_free_tenants(array(select distinct e.tenant_id from unnest(v_next) as e where e.tenant_id is not null));
begin
  -- Those of busy tenants stay where they are, for the next look: nobody waits because somebody else makes a long batch.
  v_next := array(select e from unnest(v_next) as e where e.tenant_id is null or e.tenant_id = any(v_tenant_ids));
  update procrastinate.procrastinate_jobs as e
  set status = 'doing', worker_id = p_queue_worker_id
  where e.id = any(array(select n.entry_id from unnest(v_next) as n));
  return query select c from private.claim_all(array(
    select row(n.job_id, n.task_id, n.entry_id, p_versions ->> n.stage)::private.queue_entry from unnest(v_next) as n
  ), p_worker_id) as c;
end
$$;

create or replace function private.withdraw_open(p_tenant_id uuid, p_project_id uuid default null, p_batch_id uuid default null)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_job_ids uuid [] := private.withdraw_some(p_tenant_id, p_project_id, p_batch_id);
begin
  -- Nothing is added to what was withdrawn.
  perform private.finish_filling(b) from public.batches as b
  where b.tenant_id = p_tenant_id and (p_project_id is null or b.project_id = p_project_id) and (p_batch_id is null or b.id = p_batch_id)
    and b.is_filling;
  -- What did not fit into this call starts nothing until the next has come.
  update public.batches as b
  set paused_at = now(), paused_by = private.user_id()
  where b.tenant_id = p_tenant_id and (p_project_id is null or b.project_id = p_project_id) and (p_batch_id is null or b.id = p_batch_id)
    and b.pending_count + b.processing_count > 0 and b.paused_at is null;
  update public.batches as b
  set paused_at = null, paused_by = null
  where b.id in (select j.batch_id from public.generation_jobs as j where j.id = any(v_job_ids))
    and b.pending_count + b.processing_count = 0 and b.paused_at is not null;
  return cardinality(v_job_ids);
end
$$;

create or replace function private.resume_stage(p_stage text)
returns jsonb
language plpgsql
-- definer: for operators, whose role may not write these rows.
security definer
set search_path = ''
as $$
begin
  perform private.check_stage(p_stage);
  insert into private.stage_queues as q (stage) values (p_stage)
  on conflict (stage) do update set paused_at = null, paused_by = null, reason = '';
  -- The time of the pause is no waiting, and lifts no lane.
  update private.turns as t set waits_since = now()
  from (
    -- Whose tenant is locked has just been served, or is about to be.
    select o.tenant_id, o.lane from private.turns as o where o.stage = p_stage and o.is_waiting for update skip locked
  ) as o
  where t.tenant_id = o.tenant_id and t.stage = p_stage and t.lane = o.lane;
  return private.told_stage(p_stage, private.release());
end
$$;

create or replace function private.withdraw_batch(p_batch public.batches, p_error_code text, p_message text, p_next_step text)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_open_count int := private.open_job_count(p_batch.tenant_id, p_batch.project_id, p_batch.id);
  -- The last ones are left for a call of their own, which then knows that it ends the batch.
  v_most int := case when v_open_count > 100 then v_open_count - 50 else 100 end;
  v_job_ids uuid [] := private.withdraw_some(p_batch.tenant_id, p_batch.project_id, p_batch.id, 1, v_most);
begin
  if p_batch.is_filling then
    perform private.finish_filling(p_batch);
  end if;
  update public.generation_jobs
  set error_code = p_error_code, error_message = p_message, next_step = p_next_step
  where id = any(v_job_ids) and status = 'cancelled';
  return private.open_job_count(p_batch.tenant_id, p_batch.project_id, p_batch.id);
end
$$;

create or replace function private.close_backlogs(p_tenant_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  update private.backlogs as g
  set is_over_budget = n.is_over, served_at = case when n.is_over then g.served_at else now() end,
    is_open = not n.is_over and b.is_open
  from private.backlogs as o
  join private.batch_gates as b on b.batch_id = o.batch_id
  cross join lateral (select private.is_over_budget(o.tenant_id, o.project_id, o.batch_id, o.stage) as is_over) as n
  where o.tenant_id = any(p_tenant_ids) and n.is_over <> o.is_over_budget
    and g.batch_id = o.batch_id and g.stage = o.stage and g.lane = o.lane;
  perform private.note_waiting(t.id) from unnest(p_tenant_ids) as t (id);
  -- What was released and has not begun is taken back; whoever has just fetched it finds it gone.
  perform private.take_back(array(
    select t from public.stage_tasks as t
    where t.status = 'queued' and t.tenant_id = any(p_tenant_ids)
      and private.is_over_budget(t.tenant_id, t.project_id, t.batch_id, t.stage)
  ));
end
$$;

grant execute on function private.legal_move_names() to service_role;
grant execute on function public.append_topics(uuid, int, jsonb, boolean) to authenticated;

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
update private.backlogs as g set is_open = n.is_open and not g.is_over_budget from private.batch_gates as n where n.batch_id = g.batch_id;
select private.note_waiting(t.tenant_id) from (select distinct g.tenant_id from private.backlogs as g where g.is_next) as t;
