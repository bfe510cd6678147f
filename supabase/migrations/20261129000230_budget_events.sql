-- What became of budgets is kept, and told to followers of their project or batch too.

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
create index budget_events_tenant_id_project_id on public.budget_events (tenant_id, project_id);
create index budget_events_tenant_id_batch_id on public.budget_events (tenant_id, batch_id);

alter table public.budget_events enable row level security;
create policy "Members read what became of their tenant's budgets" on public.budget_events
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.budget_events to authenticated;
grant select, insert on public.budget_events to service_role;

create or replace function private.tell_budget(p_budget public.budgets, p_event text)
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

create or replace function private.recheck_budgets(p_tenant_ids uuid [])
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

create or replace function private.write_budget(p_budget public.budgets)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_was numeric;
begin
  if p_budget.amount is null then
    delete from public.budgets as b where b.scope_id = p_budget.scope_id and b.period = p_budget.period returning b.* into p_budget;
    if not found then
      raise exception 'There is no such budget.' using errcode = 'CR002', hint = 'List the budgets, and name one of them.';
    end if;
    perform private.close_backlogs(array[p_budget.tenant_id]);
    p_budget.exceeded_at := null;
    p_budget.warned_at := null;
    perform private.tell_budget(p_budget, 'budget.lifted');
  else
    select b.amount into v_was from public.budgets as b where b.scope_id = p_budget.scope_id and b.period = p_budget.period;
    insert into public.budgets as b (tenant_id, project_id, batch_id, period, amount, currency)
    values (p_budget.tenant_id, p_budget.project_id, p_budget.batch_id, p_budget.period, p_budget.amount,
      private.currency_of(p_budget.tenant_id))
    on conflict (scope_id, period) do update set amount = excluded.amount, currency = excluded.currency
    returning b.* into p_budget;
    perform private.judge_budgets(array[p_budget.scope_id]);
    select b.* into p_budget from public.budgets as b where b.id = p_budget.id;
    if p_budget.amount > v_was then
      perform private.tell_budget(p_budget, 'budget.raised');
    end if;
  end if;
  perform private.release();
  return private.told_budget(p_budget);
end
$$;
comment on function private.write_budget(public.budgets) is
  'Sets a budget of a tenant, which is locked, or with an amount of null removes it; releases what may run again.';

create function public.list_budget_events(scope_id uuid default null, before_id uuid default null, max_rows int default 100)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_tenant_id uuid := private.acting_tenant_id();
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(e) - array['tenant_id', 'project_id', 'batch_id']
      || jsonb_build_object('amount', trim_scale(e.amount), 'spent', trim_scale(e.spent)) order by e.id desc), '[]')
    from (
      select v.* from public.budget_events as v
      where v.tenant_id = v_tenant_id and v.scope_id = coalesce(list_budget_events.scope_id, v.scope_id)
        and (before_id is null or v.id < before_id)
      order by v.id desc limit least(coalesce(max_rows, 100), 1000)
    ) as e
  );
end
$$;
comment on function public.list_budget_events(uuid, uuid, int) is
  'What became of the budgets of the caller''s tenant, or of one scope (tenant, project or batch), the newest first: [{id, event, scope, scope_id, period, '
  'amount, spent, currency, user_id, created_at}]. Goes on before the last id. Raises CR003.';
grant execute on function public.list_budget_events(uuid, uuid, int) to authenticated;
