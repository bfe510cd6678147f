-- What work costs: prices of providers, and what was paid, added up. docs/costs.md tells the whole.
--
--   provider_prices ──> cost of a call ──┐
--                                        ├──> task_attempts.cost, cost_totals ──> budgets (58_budgets.sql)
--   tenants.settings.prices, per task ───┘
--
-- Nothing here is asked of tasks that cost nothing: private.task_prices is empty then, and no call is kept.

create table public.provider_prices (
  id uuid primary key default private.uuid_v7(),
  tenant_id uuid references public.tenants (id) on delete cascade,
  provider text not null check (provider ~ '^[a-z0-9][a-z0-9._-]{0,99}$'),
  model text not null default '' check (length(model) <= 200),
  unit text not null check (unit in ('call', '1k_input_tokens', '1k_output_tokens', 'character', 'second')),
  amount numeric(18, 9) not null check (amount >= 0),
  currency text not null default 'USD' check (currency ~ '^[A-Z]{3}$'),
  valid_from timestamptz not null default now(),
  unique nulls not distinct (tenant_id, provider, model, unit, valid_from)
);
comment on table public.provider_prices is
  'What providers take, for all (tenant_id null) or for one tenant, whose own prices of a provider then replace all others of it. One without any, as '
  'those that work offline, costs nothing.';
comment on column public.provider_prices.model is 'Empty for every model that has no price of its own.';
comment on column public.provider_prices.unit is
  'What the amount is for: a call, a thousand tokens sent or received, a character, or a second of sound or picture.';
comment on column public.provider_prices.valid_from is 'The newest one that has begun is in effect.';
create index provider_prices_provider on public.provider_prices (provider, tenant_id, valid_from desc);

alter table public.provider_prices enable row level security;
create policy "Members read the prices of all and of their tenant" on public.provider_prices
for select to authenticated using (tenant_id is null or tenant_id = (select private.tenant_id()));
grant select on public.provider_prices to authenticated;
grant select, insert, update, delete on public.provider_prices to service_role;

create table private.stage_providers (
  stage text primary key,
  provider text not null,
  model text not null default '',
  announced_at timestamptz not null default now()
);
comment on table private.stage_providers is 'What runs a stage, as the worker that started last says: it decides whether the stage costs.';

create table private.task_prices (
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  stage text not null,
  amount numeric(18, 9) not null check (amount >= 0),
  currency text not null,
  primary key (tenant_id, stage)
);
comment on table private.task_prices is
  'Prices per task, as tenants.settings.prices says: {"prices": {"currency": "EUR", "script_generation": 0.01}}. They replace those of the provider.';

create table public.cost_totals (
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  project_id uuid,
  batch_id uuid,
  scope_id uuid not null generated always as (coalesce(batch_id, project_id, tenant_id)) stored,
  month date not null,
  currency text not null,
  amount numeric(20, 9) not null default 0,
  call_count bigint not null default 0,
  task_count bigint not null default 0,
  input_tokens bigint not null default 0,
  output_tokens bigint not null default 0,
  characters bigint not null default 0,
  seconds numeric(20, 3) not null default 0,
  updated_at timestamptz not null default now(),
  primary key (scope_id, month, currency),
  foreign key (tenant_id, project_id) references public.projects (tenant_id, id) on delete cascade,
  foreign key (tenant_id, batch_id) references public.batches (tenant_id, id) on delete cascade
) with (fillfactor = 50);
comment on table public.cost_totals is
  'What was paid for a batch, a project (batch_id null) and a tenant (project_id null too), by month (UTC) and currency. What a job cost stands with its attempts.';
comment on column public.cost_totals.scope_id is 'The batch, else the project, else the tenant.';
comment on column public.cost_totals.call_count is 'Calls of providers whose answer was kept, also those that cost nothing.';
comment on column public.cost_totals.task_count is 'Tasks that were paid for by the task.';
create index cost_totals_tenant_id_project_id on public.cost_totals (tenant_id, project_id);
create index cost_totals_tenant_id_batch_id on public.cost_totals (tenant_id, batch_id);

alter table public.cost_totals enable row level security;
create policy "Members read what their tenant paid" on public.cost_totals
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.cost_totals to authenticated;
grant select, insert, update, delete on public.cost_totals to service_role;

create type private.cost as (
  tenant_id uuid, project_id uuid, batch_id uuid, amount numeric, currency text, calls bigint, tasks bigint,
  input_tokens bigint, output_tokens bigint, characters bigint, seconds numeric
);
comment on type private.cost is 'One thing that was paid for, and how much of it there was.';

create function private.prices_in_effect(p_tenant_id uuid, p_provider text, p_model text)
returns table (unit text, amount numeric, currency text)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select distinct on (p.unit) p.unit, p.amount, p.currency
  from public.provider_prices as p
  where p.provider = p_provider and p.model in ('', p_model) and p.valid_from <= now()
    and p.tenant_id is not distinct from (
      select o.tenant_id from public.provider_prices as o
      where o.provider = p_provider and o.tenant_id = p_tenant_id and o.model in ('', p_model) and o.valid_from <= now() limit 1)
  order by p.unit, p.model = '', p.valid_from desc;
end
$$;
comment on function private.prices_in_effect(uuid, text, text) is
  'What a tenant pays a provider for a model now, by unit: its own prices if it has any of it, else those of all.';

create function private.cost_of(p_tenant_id uuid, p_provider text, p_model text, p_usage jsonb)
returns table (amount numeric, currency text)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  select coalesce(sum(p.amount * case p.unit
    when 'call' then 1
    when '1k_input_tokens' then coalesce((p_usage ->> 'input_tokens')::numeric, 0) / 1000
    when '1k_output_tokens' then coalesce((p_usage ->> 'output_tokens')::numeric, 0) / 1000
    when 'character' then coalesce((p_usage ->> 'characters')::numeric, 0)
    else coalesce((p_usage ->> 'seconds')::numeric, 0) end), 0), coalesce(max(p.currency), private.currency_of(p_tenant_id))
  from private.prices_in_effect(p_tenant_id, p_provider, p_model) as p;
end
$$;
comment on function private.cost_of(uuid, text, text, jsonb) is
  'What one call costs a tenant; usage: {input_tokens, output_tokens, characters, seconds}, as the provider says.';

create function private.currency_of(p_tenant_id uuid)
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  return coalesce(
    (select t.currency from private.task_prices as t where t.tenant_id = p_tenant_id limit 1),
    (
      select p.currency from public.provider_prices as p
      where (p.tenant_id = p_tenant_id or p.tenant_id is null) and p.amount > 0 and p.valid_from <= now()
      order by p.tenant_id is null, p.valid_from desc, p.id desc limit 1
    ),
    'USD');
end
$$;
comment on function private.currency_of(uuid) is 'What a tenant pays in: the currency of its prices per task, else of its newest price, else of the newest of all.';

create function private.does_cost(p_tenant_id uuid, p_stage text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return coalesce(
    (select t.amount > 0 from private.task_prices as t where t.tenant_id = p_tenant_id and t.stage = p_stage),
    exists (
      select from private.stage_providers as s
      cross join lateral private.prices_in_effect(p_tenant_id, s.provider, s.model) as p
      where s.stage = p_stage and p.amount > 0
    ));
end
$$;
comment on function private.does_cost(uuid, text) is 'Whether tasks of a stage cost a tenant something, with the provider that runs it now.';

create function private.keep_task_prices()
returns trigger
language plpgsql
-- definer: whoever changes the settings of a tenant may not write what follows from them.
security definer
set search_path = ''
as $$
declare
  v_prices jsonb := case jsonb_typeof(new.settings -> 'prices') when 'object' then new.settings -> 'prices' else '{}' end;
begin
  delete from private.task_prices where tenant_id = new.id;
  insert into private.task_prices (tenant_id, stage, amount, currency)
  select new.id, w.stage, greatest(0, (v_prices ->> w.stage)::numeric),
    case when v_prices ->> 'currency' ~ '^[A-Z]{3}$' then v_prices ->> 'currency' else 'USD' end
  from private.stage_weights() as w
  where jsonb_typeof(v_prices -> w.stage) = 'number' and (v_prices ->> w.stage)::numeric < 1e9;
  perform private.ask_recheck(new.id);
  return null;
end
$$;
comment on function private.keep_task_prices() is 'Keeps the prices per task of a tenant''s settings where the queue finds them; what is no number is passed over.';
create trigger keep_task_prices_of_new after insert on public.tenants
for each row when (new.settings ? 'prices') execute function private.keep_task_prices();
create trigger keep_task_prices after update on public.tenants
for each row when (new.settings -> 'prices' is distinct from old.settings -> 'prices') execute function private.keep_task_prices();

create function private.add_costs(p_costs private.cost [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into public.cost_totals as c (
    tenant_id, project_id, batch_id, month, currency, amount, call_count, task_count, input_tokens, output_tokens, characters, seconds
  )
  select p.tenant_id, s.project_id, s.batch_id, date_trunc('month', now() at time zone 'utc')::date, p.currency, sum(p.amount),
    sum(p.calls), sum(p.tasks), sum(p.input_tokens), sum(p.output_tokens), sum(p.characters), sum(p.seconds)
  from unnest(p_costs) as p
  cross join lateral (
    values (null::uuid, null::uuid), (p.project_id, null), (p.project_id, p.batch_id)
  ) as s (project_id, batch_id)
  group by p.tenant_id, s.project_id, s.batch_id, p.currency
  on conflict (scope_id, month, currency) do update
  set amount = c.amount + excluded.amount, call_count = c.call_count + excluded.call_count,
    task_count = c.task_count + excluded.task_count, input_tokens = c.input_tokens + excluded.input_tokens,
    output_tokens = c.output_tokens + excluded.output_tokens, characters = c.characters + excluded.characters,
    seconds = c.seconds + excluded.seconds, updated_at = now();
  perform private.judge_budgets(array(
    select s.id from unnest(p_costs) as p cross join lateral (values (p.tenant_id), (p.project_id), (p.batch_id)) as s (id) group by s.id
  ));
end
$$;
comment on function private.add_costs(private.cost []) is
  'Adds what was paid to the totals of batch, project and tenant, and holds them against their budgets. The tenants are locked.';

create function private.charge_tasks(p_tasks public.stage_tasks [])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_costs private.cost [];
begin
  if not exists (select from private.task_prices) then
    return;
  end if;
  with charged as (
    update public.task_attempts as a
    set cost = coalesce(a.cost, 0) + p.amount, currency = p.currency
    from unnest(p_tasks) as t
    join private.task_prices as p on p.tenant_id = t.tenant_id and p.stage = t.stage and p.amount > 0
    where a.job_id = t.job_id and a.id = t.attempt_id
    returning t.tenant_id, t.project_id, t.batch_id, p.amount, p.currency
  )
  select array_agg(row(c.tenant_id, c.project_id, c.batch_id, c.amount, c.currency, 0, 1, 0, 0, 0, 0)::private.cost) into v_costs
  from charged as c;
  if v_costs is not null then
    perform private.add_costs(v_costs);
  end if;
end
$$;
comment on function private.charge_tasks(public.stage_tasks []) is
  'Charges tasks that were computed by the prices per task of their tenants, which are locked. Nothing where there are none.';
