-- What is active and what waits, counted as it changes. The tenant's row here is also the lock of its queue:
-- every function that moves tasks takes it first, so that caps are exact and nothing deadlocks.

create table private.windows (
  scope_id uuid primary key,
  scope text not null check (scope in ('tenant', 'project', 'batch')),
  active_count int not null default 0 check (active_count >= 0),
  served_at timestamptz not null default '-infinity'
) with (fillfactor = 50);
comment on table private.windows is 'How many tasks of a tenant, project or batch are queued or running; held against its max_concurrent_tasks.';
comment on column private.windows.active_count is 'Its tasks that are queued or processing; equals a recount at every commit.';
comment on column private.windows.served_at is 'When a task of it was last released: the tenant served longest ago comes next.';

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
  primary key (batch_id, stage, lane)
) with (fillfactor = 50);
comment on table private.backlogs is 'How many tasks of a batch wait to be released, by stage and lane.';
comment on column private.backlogs.served_at is 'When one was last released, or when the first began to wait: the age that lifts a lane.';
comment on column private.backlogs.is_open is
  'Whether it may be released at all: its batch is not paused, and neither begins later nor waits for others, and no budget holds it. What is not open is not looked at.';
comment on column private.backlogs.is_over_budget is 'Its stage costs, and a budget of its batch, project or tenant is used up.';
create index backlogs_waiting on private.backlogs (stage, lane) where waiting_count > 0 and is_open;

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
