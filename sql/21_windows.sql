-- What is active and what waits, counted as it changes. The tenant's row here is also the lock of its queue:
-- every function that moves tasks takes it first, so that caps are exact and nothing deadlocks.

create table private.windows (
  scope_id uuid primary key,
  scope text not null check (scope in ('tenant', 'project', 'batch')),
  active_count int not null default 0 check (active_count >= 0)
) with (fillfactor = 50);
comment on table private.windows is 'How many tasks of a tenant, project or batch are queued or running; held against its max_concurrent_tasks.';
comment on column private.windows.active_count is 'Its tasks that are queued or processing; equals a recount at every commit.';

create table private.backlogs (
  batch_id uuid not null references public.batches (id) on delete cascade,
  stage text not null,
  lane text not null,
  tenant_id uuid not null,
  project_id uuid not null,
  waiting_count int not null default 0 check (waiting_count >= 0),
  served_at timestamptz not null default now(),
  is_open boolean not null default true,
  is_over_budget boolean not null default false,
  -- A column of its own, so that counting alone leaves the index alone.
  is_next boolean not null generated always as (waiting_count > 0 and is_open) stored,
  primary key (batch_id, stage, lane)
) with (fillfactor = 50);
comment on table private.backlogs is 'How many tasks of a batch wait to be released, by stage and lane.';
comment on column private.backlogs.served_at is 'When one was last released, or when the first began to wait.';
comment on column private.backlogs.is_open is
  'Whether its batch may be released at all: neither it, its project nor its tenant is paused or removed, it neither begins later nor '
  'waits for others, and no budget holds it. What is not open is not looked at.';
comment on column private.backlogs.is_over_budget is 'Its stage costs, and a budget of its batch, project or tenant is used up.';
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

create function private.lock_tenant(p_tenant_id uuid)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform from private.windows where scope_id = p_tenant_id for update;
  if not found then
    insert into private.windows (scope_id, scope) values (p_tenant_id, 'tenant') on conflict (scope_id) do nothing;
    perform from private.windows where scope_id = p_tenant_id for update;
  end if;
end
$$;
comment on function private.lock_tenant(uuid) is 'Takes the queue of a tenant until the transaction ends. First in every lock order.';

create function private.lock_tenants(p_tenant_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_tenant_id uuid;
begin
  for v_tenant_id in select distinct u.id from unnest(p_tenant_ids) as u (id) order by u.id loop
    perform private.lock_tenant(v_tenant_id);
  end loop;
end
$$;
comment on function private.lock_tenants(uuid []) is
  'Takes the queues of several tenants, always in the same order. Whoever needs several takes all of them before it changes anything.';

create function private.forget_windows()
returns trigger
language plpgsql
-- definer: whoever may delete the scope may not write the counters.
security definer
set search_path = ''
as $$
begin
  delete from private.windows where scope_id = old.id;
  return null;
end
$$;
comment on function private.forget_windows() is 'Removes the counter of a scope that is gone.';
create trigger forget_windows after delete on public.tenants for each row execute function private.forget_windows();
create trigger forget_windows after delete on public.projects for each row execute function private.forget_windows();
create trigger forget_windows after delete on public.batches for each row execute function private.forget_windows();

create function private.note_waiting(p_tenant_id uuid)
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

create function private.open_backlogs()
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
