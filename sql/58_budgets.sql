-- Budgets: how much a tenant, project or batch may cost. One that is used up closes the backlogs of its stages that cost,
-- so that nothing more of them is released, and costs the release nothing; what runs ends, so a budget can be passed by
-- what was running. It opens them when it is raised, or when the month turns.

create table public.budgets (
  id uuid primary key default private.uuid_v7(),
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  project_id uuid,
  batch_id uuid,
  scope text not null generated always as (
    case when batch_id is not null then 'batch' when project_id is not null then 'project' else 'tenant' end
  ) stored,
  scope_id uuid not null generated always as (coalesce(batch_id, project_id, tenant_id)) stored,
  period text not null check (period in ('month', 'total')),
  amount numeric(18, 4) not null check (amount >= 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  warned_at timestamptz,
  exceeded_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (scope_id, period),
  foreign key (tenant_id, project_id) references public.projects (tenant_id, id) on delete cascade,
  foreign key (tenant_id, batch_id) references public.batches (tenant_id, id) on delete cascade,
  constraint budgets_batch_without_project check (batch_id is null or project_id is null)
);
comment on table public.budgets is 'Most that a tenant, project or batch may cost, in a month (UTC) or in all.';
comment on column public.budgets.currency is 'Only what is paid in this currency counts.';
comment on column public.budgets.warned_at is 'When four fifths were used up; null while they are not.';
comment on column public.budgets.exceeded_at is 'When it was used up; until it is null again nothing that costs is released.';
create index budgets_tenant_id_project_id on public.budgets (tenant_id, project_id);
create index budgets_tenant_id_batch_id on public.budgets (tenant_id, batch_id);
create index budgets_exceeded on public.budgets (scope_id) where exceeded_at is not null;
create index budgets_noted on public.budgets (tenant_id) where warned_at is not null or exceeded_at is not null;
create trigger touch before update on public.budgets for each row execute function private.touch();

alter table public.budgets enable row level security;
create policy "Members read their tenant's budgets" on public.budgets
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.budgets to authenticated;
grant select, insert, update, delete on public.budgets to service_role;

create table public.budget_events (
  id uuid primary key default private.uuid_v7(),
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  project_id uuid,
  batch_id uuid,
  scope text not null generated always as (
    case when batch_id is not null then 'batch' when project_id is not null then 'project' else 'tenant' end
  ) stored,
  scope_id uuid not null generated always as (coalesce(batch_id, project_id, tenant_id)) stored,
  period text not null check (period in ('month', 'total')),
  event text not null check (event in ('budget.warned', 'budget.exceeded', 'budget.raised', 'budget.lifted')),
  amount numeric(18, 4) not null,
  spent numeric(20, 9) not null,
  currency text not null,
  user_id uuid,
  created_at timestamptz not null default now(),
  foreign key (tenant_id, project_id) references public.projects (tenant_id, id) on delete cascade,
  foreign key (tenant_id, batch_id) references public.batches (tenant_id, id) on delete cascade
);
comment on table public.budget_events is
  'What became of budgets, append-only; followers of live topics are told the same. It is no job''s, so it does not stand in job_events.';
comment on column public.budget_events.event is
  'budget.warned: four fifths are used; budget.exceeded: what costs is held back; budget.raised: somebody raised it; budget.lifted: it was removed, or the '
  'month of one that was used up is over.';
comment on column public.budget_events.user_id is 'Who raised or removed it; null where nobody did.';
create index budget_events_scope_id on public.budget_events (scope_id, id);
create index budget_events_tenant_id on public.budget_events (tenant_id, id);
create index budget_events_tenant_id_created_at on public.budget_events (tenant_id, created_at);
create index budget_events_tenant_id_project_id on public.budget_events (tenant_id, project_id);
create index budget_events_tenant_id_batch_id on public.budget_events (tenant_id, batch_id);

alter table public.budget_events enable row level security;
create policy "Members read what became of their tenant's budgets" on public.budget_events
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.budget_events to authenticated;
grant select, insert on public.budget_events to service_role;

create table private.budget_rechecks (
  id bigint generated always as identity primary key,
  tenant_id uuid not null
);
comment on table private.budget_rechecks is
  'Tenants whose prices have changed while a budget of theirs is used up. Without keys, so that whoever adds one waits for nobody; the ticker looks.';

create function private.ask_recheck(p_tenant_id uuid)
returns void
language sql
set search_path = ''
as $$
  insert into private.budget_rechecks (tenant_id)
  select distinct b.tenant_id from public.budgets as b
  where b.exceeded_at is not null and b.tenant_id = coalesce(p_tenant_id, b.tenant_id)
$$;
comment on function private.ask_recheck(uuid) is 'Has the ticker look again which stages of a tenant, or (null) of all, cost something.';

create function private.is_over_budget(p_tenant_id uuid, p_project_id uuid, p_batch_id uuid, p_stage text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  if not exists (
    select from public.budgets as b
    where b.scope_id in (p_tenant_id, p_project_id, p_batch_id) and b.exceeded_at is not null
  ) then
    return false;
  end if;
  return private.does_cost(p_tenant_id, p_stage);
end
$$;
comment on function private.is_over_budget(uuid, uuid, uuid, text) is
  'Whether nothing of a stage may be released for a batch, because it costs and a budget of batch, project or tenant is used up.';

create function private.spent(p_budget public.budgets)
returns numeric
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(sum(c.amount), 0) from public.cost_totals as c
    where c.scope_id = p_budget.scope_id and c.currency = p_budget.currency
      and (p_budget.period = 'total' or c.month = date_trunc('month', now() at time zone 'utc')::date)
  );
end
$$;
comment on function private.spent(public.budgets) is 'How much of a budget is used, this month or in all.';

create function private.told_budget(p_budget public.budgets)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  v_spent numeric := private.spent(p_budget);
begin
  return jsonb_build_object('id', p_budget.id, 'scope', p_budget.scope, 'scope_id', p_budget.scope_id, 'period', p_budget.period,
    'amount', trim_scale(p_budget.amount), 'spent', trim_scale(v_spent), 'currency', p_budget.currency,
    'percent', case when p_budget.amount > 0 then round(100 * v_spent / p_budget.amount)::int else 100 end,
    'state', case when p_budget.exceeded_at is not null then 'exceeded' when p_budget.warned_at is not null then 'warned' else 'open' end,
    'warned_at', p_budget.warned_at, 'exceeded_at', p_budget.exceeded_at,
    'held_tasks', (
      select coalesce(sum(g.waiting_count), 0) from private.backlogs as g
      where p_budget.exceeded_at is not null and g.is_over_budget and p_budget.scope_id in (g.tenant_id, g.project_id, g.batch_id)));
end
$$;
comment on function private.told_budget(public.budgets) is 'A budget as people are told of it, with what is spent, and what waits because it is used up.';

create function private.close_backlogs(p_tenant_ids uuid [])
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
comment on function private.close_backlogs(uuid []) is
  'Lets what waits of these tenants, which are locked, be looked at by the release, or not, as their budgets and prices are now.';

create function private.told_budget_event(p_event public.budget_events)
returns jsonb
language sql
stable
set search_path = ''
return to_jsonb(p_event) - array['tenant_id', 'project_id', 'batch_id']
  || jsonb_build_object('amount', trim_scale(p_event.amount), 'spent', trim_scale(p_event.spent));
comment on function private.told_budget_event(public.budget_events) is 'What became of a budget, as people are told of it.';
grant execute on function private.told_budget_event(public.budget_events) to authenticated, service_role;

create function private.tell_budget(p_budget public.budgets, p_event text)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_told jsonb := private.told_budget(p_budget);
begin
  insert into public.budget_events (tenant_id, project_id, batch_id, period, event, amount, spent, currency, user_id)
  values (p_budget.tenant_id, p_budget.project_id, p_budget.batch_id, p_budget.period, p_event, p_budget.amount, private.spent(p_budget),
    p_budget.currency, case when p_event in ('budget.raised', 'budget.lifted') then private.user_id() end);
  perform realtime.send(v_told || jsonb_build_object('event', p_event), 'budget', s.topic || ':' || t.epoch, true)
  from public.tenants as t
  cross join lateral (
    values ('tenant:' || t.id), (case when p_budget.scope <> 'tenant' then p_budget.scope || ':' || p_budget.scope_id end)
  ) as s (topic)
  where t.id = p_budget.tenant_id and s.topic is not null;
  perform private.queue_callback(p_budget.tenant_id, p_event, v_told);
end
$$;
comment on function private.tell_budget(public.budgets, text) is
  'Keeps what became of a budget, and tells the live topics of the tenant, and of the project or batch (an event named budget), and webhooks that ask for '
  'it: budget.warned, budget.exceeded, budget.raised or budget.lifted.';

create function private.judge_budgets(p_scope_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_budget public.budgets;
  v_was public.budgets;
  v_changed uuid [] := '{}';
  v_spent numeric;
begin
  for v_was in select b.* from public.budgets as b where b.scope_id = any(p_scope_ids) order by b.id loop
    v_spent := private.spent(v_was);
    if (v_spent >= v_was.amount) <> (v_was.exceeded_at is not null) or (v_spent >= 0.8 * v_was.amount) <> (v_was.warned_at is not null) then
      update public.budgets as b
      set exceeded_at = case when v_spent >= b.amount then coalesce(b.exceeded_at, now()) end,
        warned_at = case when v_spent >= 0.8 * b.amount then coalesce(b.warned_at, now()) end
      where b.id = v_was.id returning b.* into v_budget;
      if (v_budget.exceeded_at is null) <> (v_was.exceeded_at is null) then
        v_changed := v_changed || v_budget.tenant_id;
      end if;
      if v_budget.exceeded_at is not null and v_was.exceeded_at is null then
        perform private.tell_budget(v_budget, 'budget.exceeded');
      elsif v_budget.warned_at is not null and v_was.warned_at is null then
        perform private.tell_budget(v_budget, 'budget.warned');
      end if;
    end if;
  end loop;
  if v_changed <> '{}' then
    perform private.close_backlogs(v_changed);
  end if;
end
$$;
comment on function private.judge_budgets(uuid []) is
  'Holds the budgets of tenants, projects and batches against what was paid: warns at four fifths, closes what costs when they are used up, opens it '
  'when they no longer are. Their tenants are locked.';

create function private.budget_tenant_ids()
returns setof uuid
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  select r.tenant_id from private.budget_rechecks as r
  union
  select b.tenant_id from public.budgets as b
  where (b.exceeded_at is not null or b.warned_at is not null) and b.period = 'month'
    and coalesce(b.exceeded_at, b.warned_at) < date_trunc('month', now() at time zone 'utc') at time zone 'utc';
end
$$;
comment on function private.budget_tenant_ids() is 'Tenants whose budgets the ticker has to look at: the month has turned, or prices have changed.';

create function private.recheck_budgets(p_tenant_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_tenant_ids uuid [] := array(select d.id from private.budget_tenant_ids() as d (id) where d.id = any(p_tenant_ids));
  v_lifted uuid [];
begin
  if v_tenant_ids <> '{}' then
    delete from private.budget_rechecks where tenant_id = any(v_tenant_ids);
    -- Of another month. A budget of zero is used up in this one too.
    v_lifted := array(
      select b.id from public.budgets as b
      where b.tenant_id = any(v_tenant_ids) and b.period = 'month' and b.amount > 0
        and b.exceeded_at < date_trunc('month', now() at time zone 'utc') at time zone 'utc'
    );
    update public.budgets as b set exceeded_at = null, warned_at = null
    where b.tenant_id = any(v_tenant_ids) and b.period = 'month'
      and coalesce(b.exceeded_at, b.warned_at) < date_trunc('month', now() at time zone 'utc') at time zone 'utc' and b.amount > 0;
    update public.budgets as b set exceeded_at = now(), warned_at = now()
    where b.tenant_id = any(v_tenant_ids) and b.period = 'month'
      and b.exceeded_at < date_trunc('month', now() at time zone 'utc') at time zone 'utc';
    perform private.tell_budget(b, 'budget.lifted') from public.budgets as b where b.id = any(v_lifted);
    perform private.judge_budgets(array(select b.scope_id from public.budgets as b where b.tenant_id = any(v_tenant_ids))),
      private.close_backlogs(v_tenant_ids);
  end if;
end
$$;
comment on function private.recheck_budgets(uuid []) is 'Looks at the budgets that are due, of these tenants, which are locked.';
