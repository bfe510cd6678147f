-- Prices, true cost, calls of providers that are paid once, rates of providers, and budgets.

alter table public.task_attempts
add column cost numeric(18, 9),
add column currency text;
comment on column public.task_attempts.cost is 'What was paid for it, whether or not it completed; null for nothing.';

alter table private.backlogs add column is_over_budget boolean not null default false;
comment on column private.backlogs.is_open is
  'Whether it may be released at all: its batch is not paused, and neither begins later nor waits for others, and no budget holds it. What is not open is not looked at.';
comment on column private.backlogs.is_over_budget is 'Its stage costs, and a budget of its batch, project or tenant is used up.';

alter table public.webhooks
drop constraint webhooks_events_check,
add constraint webhooks_events_check check (
  events <> '{}' and events <@ array['batch.ended', 'job.ended', 'budget.warned', 'budget.exceeded']
);
comment on table public.webhooks is 'Addresses that are called when a batch or job of the tenant has ended, or a budget is used up.';

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
  perform private.judge_budgets(array(select distinct p.tenant_id from unnest(p_costs) as p));
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

-- Prices and costs, as users and operators ask for them.

create function private.write_price(
  p_tenant_id uuid, p_provider text, p_model text, p_unit text, p_amount numeric, p_currency text, p_valid_from timestamptz
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_other text;
begin
  if coalesce(p_provider, '') !~ '^[a-z0-9][a-z0-9._-]{0,99}$' or length(p_model) > 200 then
    raise exception 'This is no name of a provider or model.'
      using errcode = 'CR001', hint = 'Name the provider in small letters, like openai, and the model as its provider does, or leave it out.';
  elsif p_unit is null or p_unit not in ('call', '1k_input_tokens', '1k_output_tokens', 'character', 'second') then
    raise exception 'There is no unit %.', coalesce(p_unit, 'null')
      using errcode = 'CR001', hint = 'Use one of call, 1k_input_tokens, 1k_output_tokens, character, second.';
  elsif p_amount < 0 or p_amount >= 1e9 or p_amount = 'NaN' then
    raise exception 'A price is 0 or more, and less than 1,000,000,000.' using errcode = 'CR001', hint = 'Send the price of one unit.';
  elsif coalesce(p_currency, '') !~ '^[A-Z]{3}$' then
    raise exception 'This is no currency.' using errcode = 'CR001', hint = 'Send three capital letters, like EUR.';
  end if;
  if p_amount is null then
    delete from public.provider_prices as p
    where p.tenant_id is not distinct from p_tenant_id and p.provider = p_provider and p.model = coalesce(p_model, '') and p.unit = p_unit;
  else
    select p.currency into v_other from public.provider_prices as p
    where p.tenant_id is not distinct from p_tenant_id and p.provider = p_provider and p.currency <> p_currency and p.amount > 0
      and (p.model, p.unit) <> (coalesce(p_model, ''), p_unit) limit 1;
    if found then
      raise exception 'This provider has prices in %.', v_other
        using errcode = 'CR004', hint = 'Use one currency for all prices of a provider, or remove the others first.';
    end if;
    insert into public.provider_prices (tenant_id, provider, model, unit, amount, currency, valid_from)
    values (p_tenant_id, p_provider, coalesce(p_model, ''), p_unit, p_amount, p_currency, coalesce(p_valid_from, now()))
    on conflict (tenant_id, provider, model, unit, valid_from) do update set amount = excluded.amount, currency = excluded.currency;
  end if;
  perform private.ask_recheck(p_tenant_id);
  return jsonb_build_object('provider', p_provider, 'model', coalesce(p_model, ''), 'unit', p_unit, 'amount', p_amount,
    'currency', p_currency, 'valid_from', case when p_amount is not null then coalesce(p_valid_from, now()) end);
end
$$;
comment on function private.write_price(uuid, text, text, text, numeric, text, timestamptz) is
  'Sets a price from a moment on, or (null) removes it; of a tenant, or (null) of all. Raises CR001, or CR004 for a second currency.';

create function public.set_price(
  provider text, unit text, amount numeric, model text default '', currency text default 'USD', valid_from timestamptz default null
)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
begin
  perform private.check_pays('set prices');
  return private.write_price(private.acting_tenant_id(), set_price.provider, set_price.model, set_price.unit, set_price.amount,
    set_price.currency, set_price.valid_from);
end
$$;
comment on function public.set_price(text, text, numeric, text, text, timestamptz) is
  'Sets what the caller''s tenant pays a provider for a unit (call, 1k_input_tokens, 1k_output_tokens, character, second), from a moment on; an '
  'amount of null removes it. A tenant with prices of its own for a provider pays by those alone. For admins. Returns {provider, model, unit, amount, '
  'currency, valid_from}. Raises CR001, CR003 or CR004.';

create function private.set_price_for_all(
  p_provider text, p_unit text, p_amount numeric, p_model text default '', p_currency text default 'USD', p_valid_from timestamptz default null
)
returns jsonb
language sql
set search_path = ''
as $$
  select private.write_price(null, p_provider, p_model, p_unit, p_amount, p_currency, p_valid_from)
$$;
comment on function private.set_price_for_all(text, text, numeric, text, text, timestamptz) is
  'As set_price, for all tenants that have no prices of their own; for operators.';

create function private.check_pays(p_doing text)
returns void
language plpgsql
stable
set search_path = ''
as $$
begin
  perform private.acting_tenant_id();
  if not private.has_role('admin') then
    raise exception 'Your role does not allow you to %.', p_doing
      using errcode = 'CR003', hint = 'Ask an admin or owner of your team.';
  end if;
end
$$;
comment on function private.check_pays(text) is 'Raises CR003 unless the caller is an admin or owner of its tenant.';

create function public.list_prices()
returns jsonb
language plpgsql
stable
-- definer: reads prices per task and what workers say of their providers; it asserts the tenant itself.
security definer
set search_path = ''
as $$
declare
  v_tenant_id uuid := private.acting_tenant_id();
begin
  return jsonb_build_object(
    'currency', private.currency_of(v_tenant_id),
    'stages', (
      select jsonb_agg(jsonb_build_object('stage', w.stage, 'provider', s.provider, 'model', s.model,
        'per_task', trim_scale(t.amount), 'does_cost', private.does_cost(v_tenant_id, w.stage)) order by w.place)
      from private.stage_weights() as w
      left join private.stage_providers as s on s.stage = w.stage
      left join private.task_prices as t on t.tenant_id = v_tenant_id and t.stage = w.stage),
    'prices', (
      select coalesce(jsonb_agg(jsonb_build_object('provider', p.provider, 'model', p.model, 'unit', p.unit, 'amount', trim_scale(p.amount),
        'currency', p.currency, 'valid_from', p.valid_from, 'is_own', p.tenant_id is not null)
        order by p.provider, p.model, p.unit, p.tenant_id is null, p.valid_from desc), '[]')
      from public.provider_prices as p where p.tenant_id = v_tenant_id or p.tenant_id is null));
end
$$;
comment on function public.list_prices() is
  'What the caller''s tenant pays: {currency, stages: [{stage, provider, model, per_task, does_cost}], prices: [{provider, model, unit, amount, '
  'currency, valid_from, is_own}]}. Raises CR003.';

create function public.list_costs(scope text default 'tenant', scope_id uuid default null)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_tenant_id uuid := private.acting_tenant_id();
  v_costs jsonb;
begin
  if list_costs.scope = 'job' then
    select coalesce(jsonb_agg(to_jsonb(c) order by c.month, c.currency), '[]') into v_costs
    from (
      select date_trunc('month', a.started_at at time zone 'utc')::date as month, a.currency, trim_scale(sum(a.cost)) as amount, count(*) as attempt_count
      from public.task_attempts as a
      where a.tenant_id = v_tenant_id and a.job_id = list_costs.scope_id and a.cost is not null group by 1, 2
    ) as c;
  elsif list_costs.scope in ('tenant', 'project', 'batch') then
    select coalesce(jsonb_agg(to_jsonb(c) - array['tenant_id', 'project_id', 'batch_id', 'scope_id'] || jsonb_build_object('amount', trim_scale(c.amount))
      order by c.month, c.currency), '[]') into v_costs
    from public.cost_totals as c
    where c.tenant_id = v_tenant_id
      and c.scope_id = case when list_costs.scope = 'tenant' then v_tenant_id else list_costs.scope_id end;
  else
    raise exception 'There is no scope %.', coalesce(list_costs.scope, 'null')
      using errcode = 'CR001', hint = 'Use one of tenant, project, batch, job.';
  end if;
  return jsonb_build_object('scope', list_costs.scope,
    'scope_id', case when list_costs.scope = 'tenant' then v_tenant_id else list_costs.scope_id end, 'costs', v_costs);
end
$$;
comment on function public.list_costs(text, uuid) is
  'What was paid for the caller''s tenant, or a project, batch or job of it, by month (UTC) and currency: {scope, scope_id, costs: [{month, currency, '
  'amount, ...}]}. Raises CR001 or CR003.';

grant execute on function
public.set_price(text, text, numeric, text, text, timestamptz), public.list_prices(), public.list_costs(text, uuid)
to authenticated;

-- How often a provider may be asked: requests and tokens per minute, over all workers, for all tenants and for one. A
-- bucket fills evenly and holds ten seconds of it. Whoever finds it empty books the next free moment, and comes back then.

create table private.provider_rates (
  id uuid primary key default private.uuid_v7(),
  provider text not null,
  tenant_id uuid references public.tenants (id) on delete cascade,
  requests_per_minute int check (requests_per_minute > 0),
  tokens_per_minute int check (tokens_per_minute > 0),
  requests_left numeric not null default 1e9,
  tokens_left numeric not null default 1e9,
  filled_at timestamptz not null default now(),
  closed_until timestamptz,
  unique nulls not distinct (provider, tenant_id)
) with (fillfactor = 50);
comment on table private.provider_rates is 'Buckets of a provider: for all tenants together (tenant_id null), and for those that have one of their own.';
comment on column private.provider_rates.requests_per_minute is 'Null for as many as wanted.';
comment on column private.provider_rates.requests_left is 'Left at filled_at; below zero what is booked already.';
comment on column private.provider_rates.closed_until is 'The provider asked to be left alone until then (Retry-After); all workers do.';
create index provider_rates_tenant_id on private.provider_rates (tenant_id);

create function private.filled(p_left numeric, p_per_minute int, p_since timestamptz)
returns numeric
language sql
stable
set search_path = ''
return case when p_per_minute is not null
  then least(greatest(1, p_per_minute / 6.0), p_left + p_per_minute / 60.0 * greatest(0, extract(epoch from clock_timestamp() - p_since)))
end;
comment on function private.filled(numeric, int, timestamptz) is
  'What is in a bucket now: it fills evenly, up to ten seconds'' worth, and one at least. Null for a bucket without bottom.';

create function private.take_rate(p_tenant_id uuid, p_provider text, p_tokens int)
returns interval
language plpgsql
set search_path = ''
as $$
declare
  v_rate private.provider_rates;
  v_wait_s numeric := 0;
begin
  for v_rate in
    select r.* from private.provider_rates as r
    where r.provider = p_provider and (r.tenant_id is null or r.tenant_id = p_tenant_id)
    order by r.tenant_id nulls first
    for update
  loop
    update private.provider_rates
    set requests_left = coalesce(private.filled(v_rate.requests_left, v_rate.requests_per_minute, v_rate.filled_at) - 1, 1e9),
      tokens_left = coalesce(private.filled(v_rate.tokens_left, v_rate.tokens_per_minute, v_rate.filled_at) - p_tokens, 1e9),
      filled_at = clock_timestamp()
    where id = v_rate.id
    returning * into v_rate;
    v_wait_s := greatest(v_wait_s, extract(epoch from v_rate.closed_until - clock_timestamp()),
      -v_rate.requests_left * 60 / v_rate.requests_per_minute,
      -- A call of more tokens than the bucket holds goes when it is full, and those after it wait the longer.
      -(v_rate.tokens_left + greatest(0, p_tokens - v_rate.tokens_per_minute / 6.0)) * 60 / v_rate.tokens_per_minute);
  end loop;
  return make_interval(secs => v_wait_s);
end
$$;
comment on function private.take_rate(uuid, text, int) is
  'Takes one request and so many tokens out of the buckets of a provider, also where there are none left; returns how long to wait for them.';

create function private.closed_for(p_tenant_id uuid, p_provider text)
returns interval
language plpgsql
stable
set search_path = ''
as $$
begin
  return coalesce((
    select max(r.closed_until) - clock_timestamp() from private.provider_rates as r
    where r.provider = p_provider and (r.tenant_id is null or r.tenant_id = p_tenant_id) and r.closed_until > clock_timestamp()
  ), '0');
end
$$;
comment on function private.closed_for(uuid, text) is 'How long a provider still wants to be left alone.';

create function private.return_tokens(p_tenant_id uuid, p_provider text, p_tokens int)
returns void
language sql
set search_path = ''
as $$
  update private.provider_rates
  set tokens_left = tokens_left + p_tokens
  where provider = p_provider and (tenant_id is null or tenant_id = p_tenant_id) and tokens_per_minute is not null
$$;
comment on function private.return_tokens(uuid, text, int) is 'Puts back tokens that a call was expected to take, or (below zero) takes those that it took beside.';

create function private.is_provider_full(p_stage text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return exists (
    select from private.stage_providers as s
    join private.provider_rates as r on r.provider = s.provider and r.tenant_id is null
    where s.stage = p_stage and (
      r.closed_until > clock_timestamp()
      or private.filled(r.requests_left, r.requests_per_minute, r.filled_at) < -r.requests_per_minute / 6.0
      or private.filled(r.tokens_left, r.tokens_per_minute, r.filled_at) < -r.tokens_per_minute / 6.0)
  );
end
$$;
comment on function private.is_provider_full(text) is
  'Whether the provider of a stage is closed, or booked for ten seconds ahead: then nothing more of the stage is released, and lanes stay what they are.';

create function private.write_rate(p_tenant_id uuid, p_provider text, p_requests_per_minute int, p_tokens_per_minute int)
returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  if coalesce(p_provider, '') !~ '^[a-z0-9][a-z0-9._-]{0,99}$' then
    raise exception 'This is no name of a provider.' using errcode = 'CR001', hint = 'Name it in small letters, like openai.';
  elsif p_requests_per_minute <= 0 or p_tokens_per_minute <= 0 then
    raise exception 'A rate is at least one per minute.' using errcode = 'CR001', hint = 'Send a number above zero, or null for no limit.';
  end if;
  insert into private.provider_rates as r (provider, tenant_id, requests_per_minute, tokens_per_minute)
  values (p_provider, p_tenant_id, p_requests_per_minute, p_tokens_per_minute)
  on conflict (provider, tenant_id) do update
  set requests_per_minute = excluded.requests_per_minute, tokens_per_minute = excluded.tokens_per_minute,
    requests_left = coalesce(private.filled(r.requests_left, r.requests_per_minute, r.filled_at), 1e9),
    tokens_left = coalesce(private.filled(r.tokens_left, r.tokens_per_minute, r.filled_at), 1e9), filled_at = clock_timestamp();
  return jsonb_build_object('provider', p_provider, 'requests_per_minute', p_requests_per_minute, 'tokens_per_minute', p_tokens_per_minute);
end
$$;
comment on function private.write_rate(uuid, text, int, int) is 'Sets the rates of a provider for one tenant, or (null) for all together; null for no limit.';

create function public.set_provider_rate(provider text, requests_per_minute int default null, tokens_per_minute int default null)
returns jsonb
language plpgsql
-- definer: users may not write buckets; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
begin
  perform private.check_pays('set rates of providers');
  return private.write_rate(private.acting_tenant_id(), set_provider_rate.provider, set_provider_rate.requests_per_minute,
    set_provider_rate.tokens_per_minute);
end
$$;
comment on function public.set_provider_rate(text, int, int) is
  'How many requests and tokens a minute the caller''s tenant sends a provider at most; null for no limit. Holds at once, also for what runs. For admins. '
  'Returns {provider, requests_per_minute, tokens_per_minute}. Raises CR001 or CR003.';

create function private.set_provider_rate_for_all(p_provider text, p_requests_per_minute int default null, p_tokens_per_minute int default null)
returns jsonb
language sql
set search_path = ''
as $$
  select private.write_rate(null, p_provider, p_requests_per_minute, p_tokens_per_minute)
$$;
comment on function private.set_provider_rate_for_all(text, int, int) is 'As set_provider_rate, for all tenants together; for operators.';

create function public.list_provider_rates()
returns jsonb
language plpgsql
stable
-- definer: users may not read buckets; it asserts the tenant itself.
security definer
set search_path = ''
as $$
declare
  v_tenant_id uuid := private.acting_tenant_id();
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object('provider', r.provider, 'is_own', r.tenant_id is not null,
      'requests_per_minute', r.requests_per_minute, 'tokens_per_minute', r.tokens_per_minute,
      'closed_until', case when r.closed_until > now() then r.closed_until end) order by r.provider, r.tenant_id is null), '[]')
    from private.provider_rates as r where r.tenant_id is null or r.tenant_id = v_tenant_id
  );
end
$$;
comment on function public.list_provider_rates() is
  'The rates that hold for the caller''s tenant, its own and those of all: [{provider, is_own, requests_per_minute, tokens_per_minute, closed_until}]. '
  'Raises CR003.';

grant execute on function public.set_provider_rate(text, int, int), public.list_provider_rates() to authenticated;

-- Calls of providers that may cost: asked for before, kept after, so that a retry finds the answer instead of paying
-- again. A call is known by what the task computes (its content key) and by the request itself.
--
--   begin_provider_call   kept: here is the answer; wait: not yet; call: do, with this idempotency key
--   keep_provider_call    the answer, what it took and cost
--   fail_provider_call    the provider refused, and took nothing
--   discard_provider_calls  answers that nobody can use: the next attempt asks anew

create table public.provider_calls (
  id uuid primary key default private.uuid_v7(),
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  project_id uuid not null,
  batch_id uuid not null,
  job_id uuid not null,
  task_id uuid not null,
  attempt_id uuid not null,
  stage text not null,
  content_key text not null,
  request_hash text not null check (request_hash ~ '^[0-9a-f]{64}$'),
  number int not null default 1,
  idempotency_key text not null unique,
  provider text not null,
  model text not null,
  status text not null default 'started' check (status in ('booked', 'started', 'kept', 'failed', 'discarded')),
  not_before timestamptz,
  expected_tokens int not null default 0,
  request_id text,
  usage jsonb not null default '{}' check (jsonb_typeof(usage) = 'object'),
  cost numeric(18, 9) not null default 0,
  currency text,
  response text,
  reuse_count int not null default 0,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  unique (tenant_id, content_key, request_hash, number),
  foreign key (tenant_id, batch_id) references public.batches (tenant_id, id) on delete cascade,
  constraint provider_calls_kept_has_response
  check (status not in ('kept', 'discarded') or (response is not null and finished_at is not null))
);
comment on table public.provider_calls is 'What providers were asked, what they answered and took. Goes with its batch; what was paid stays in cost_totals.';
comment on column public.provider_calls.attempt_id is 'The attempt that made the call, or made it last.';
comment on column public.provider_calls.number is 'Counts equal requests of a task: another one where the answer was of no use, or the call failed.';
comment on column public.provider_calls.status is
  'booked: waits for its turn; started: sent, or about to be, and in doubt if its attempt has ended; kept: answered, and used again by a retry; '
  'failed: refused, nothing was taken; discarded: answered, and of no use.';
comment on column public.provider_calls.idempotency_key is 'Sent to the provider: one that knows such keys does not carry out a call twice that is in doubt.';
comment on column public.provider_calls.request_id is 'The provider''s own name of the call, for asking it about it.';
comment on column public.provider_calls.usage is 'As the provider says: input_tokens, output_tokens, characters, seconds.';
create index provider_calls_tenant_id_batch_id on public.provider_calls (tenant_id, batch_id);
create index provider_calls_job_id on public.provider_calls (job_id, task_id);

alter table public.provider_calls enable row level security;
create policy "Members read their tenant's calls" on public.provider_calls
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.provider_calls to authenticated;
grant select, insert, update, delete on public.provider_calls to service_role;

create function private.announce_providers(p_providers jsonb)
returns void
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
as $$
begin
  insert into private.stage_providers as s (stage, provider, model)
  select p.stage, p.provider, p.model
  from jsonb_to_recordset(p_providers) as p (stage text, provider text, model text)
  order by p.stage
  on conflict (stage) do update set provider = excluded.provider, model = excluded.model, announced_at = now()
  where (s.provider, s.model) is distinct from (excluded.provider, excluded.model);
  if found then
    perform private.ask_recheck(null);
  end if;
end
$$;
comment on function private.announce_providers(jsonb) is 'A worker says what runs its stages: [{stage, provider, model}].';

create function private.begin_provider_call(p_job_id uuid, p_task_id uuid, p_attempt_id uuid, p_call jsonb)
returns jsonb
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_task public.stage_tasks := private.lock_own_task(p_job_id, p_task_id, p_attempt_id);
  v_hash text := p_call ->> 'request_hash';
  v_tokens int := coalesce((p_call ->> 'expected_tokens')::int, 0);
  v_call public.provider_calls;
  v_number int := 1;
  v_wait interval;
begin
  select c.* into v_call from public.provider_calls as c
  where c.tenant_id = v_task.tenant_id and c.content_key = v_task.content_key and c.request_hash = v_hash
  order by c.number desc limit 1 for update;
  if v_call.status = 'kept' then
    update public.provider_calls set reuse_count = reuse_count + 1 where id = v_call.id;
    return jsonb_build_object('verdict', 'kept', 'idempotency_key', v_call.idempotency_key, 'response', v_call.response);
  elsif v_call.status = 'booked' then
    v_wait := greatest(v_call.not_before - clock_timestamp(), private.closed_for(v_task.tenant_id, v_call.provider));
  else
    v_wait := private.take_rate(v_task.tenant_id, p_call ->> 'provider', v_tokens);
    if v_call.id is null or v_call.status in ('failed', 'discarded') then
      v_number := coalesce(v_call.number, 0) + 1;
      insert into public.provider_calls (tenant_id, project_id, batch_id, job_id, task_id, attempt_id, stage, content_key, request_hash,
        number, idempotency_key, provider, model, expected_tokens)
      values (v_task.tenant_id, v_task.project_id, v_task.batch_id, v_task.job_id, v_task.id, p_attempt_id, v_task.stage,
        v_task.content_key, v_hash, v_number, 'cliprow-' || encode(sha256(convert_to(concat_ws('/', v_task.tenant_id,
          v_task.content_key, v_hash, v_number), 'UTF8')), 'hex'), p_call ->> 'provider', coalesce(p_call ->> 'model', ''), v_tokens)
      returning * into v_call;
    end if;
  end if;
  update public.provider_calls
  set attempt_id = p_attempt_id, job_id = p_job_id, task_id = p_task_id, started_at = now(),
    status = case when v_wait > '0' then 'booked' else 'started' end,
    not_before = case when v_wait > '0' then clock_timestamp() + v_wait end
  where id = v_call.id;
  return case when v_wait > '0'
    then jsonb_build_object('verdict', 'wait', 'idempotency_key', v_call.idempotency_key, 'wait_s', extract(epoch from v_wait))
    else jsonb_build_object('verdict', 'call', 'idempotency_key', v_call.idempotency_key) end;
end
$$;
comment on function private.begin_provider_call(uuid, uuid, uuid, jsonb) is
  'An attempt is about to ask a provider: {provider, model, request_hash, expected_tokens} to {verdict, idempotency_key, response?, wait_s?}. '
  'Verdict: kept (the answer is there), call, or wait (so many seconds, then ask again: the turn is booked). Raises CR005 for a stale token.';

create function private.keep_provider_call(p_idempotency_key text, p_answer jsonb)
returns void
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_call public.provider_calls;
  v_usage jsonb := coalesce(p_answer -> 'usage', '{}');
begin
  perform private.lock_tenant(c.tenant_id) from public.provider_calls as c where c.idempotency_key = p_idempotency_key;
  select c.* into v_call from public.provider_calls as c where c.idempotency_key = p_idempotency_key for update;
  if not found then
    raise exception 'The batch of this call is gone.' using errcode = 'CR005', hint = 'Drop its answer.';
  elsif v_call.status in ('kept', 'discarded') then
    return; -- Said twice: the answer to the first call was lost on its way.
  end if;
  -- Paid is paid, also when the attempt has lost its task meanwhile.
  if not exists (select from private.task_prices as t where t.tenant_id = v_call.tenant_id and t.stage = v_call.stage) then
    select c.amount, c.currency into v_call.cost, v_call.currency
    from private.cost_of(v_call.tenant_id, v_call.provider, v_call.model, v_usage) as c;
  end if;
  update public.provider_calls
  set status = 'kept', finished_at = now(), request_id = left(p_answer ->> 'request_id', 200), usage = v_usage, cost = v_call.cost,
    currency = v_call.currency, response = p_answer ->> 'response'
  where id = v_call.id;
  perform private.return_tokens(v_call.tenant_id, v_call.provider, v_call.expected_tokens
    - coalesce((v_usage ->> 'input_tokens')::int, 0) - coalesce((v_usage ->> 'output_tokens')::int, 0));
  if v_call.cost > 0 then
    update public.task_attempts set cost = coalesce(cost, 0) + v_call.cost, currency = v_call.currency
    where job_id = v_call.job_id and id = v_call.attempt_id;
  end if;
  perform private.add_costs(array[row(v_call.tenant_id, v_call.project_id, v_call.batch_id, v_call.cost,
    coalesce(v_call.currency, private.currency_of(v_call.tenant_id)), 1, 0, coalesce((v_usage ->> 'input_tokens')::bigint, 0),
    coalesce((v_usage ->> 'output_tokens')::bigint, 0), coalesce((v_usage ->> 'characters')::bigint, 0),
    coalesce((v_usage ->> 'seconds')::numeric, 0))::private.cost]);
end
$$;
comment on function private.keep_provider_call(text, jsonb) is
  'Keeps the answer of a provider, what it took and cost: {request_id, usage: {input_tokens, output_tokens, characters, seconds}, response}. Also of an '
  'attempt that lost its task. Saying it twice does no harm. Raises CR005 when its batch is gone.';

create function private.fail_provider_call(p_idempotency_key text, p_retry_after_s float8 default null)
returns void
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
as $$
declare
  v_provider text;
begin
  update public.provider_calls set status = 'failed', finished_at = now()
  where idempotency_key = p_idempotency_key and status = 'started'
  returning provider into v_provider;
  if p_retry_after_s > 0 and v_provider is not null then
    insert into private.provider_rates as r (provider, closed_until)
    values (v_provider, clock_timestamp() + make_interval(secs => least(p_retry_after_s, 3600)))
    on conflict (provider, tenant_id) do update set closed_until = greatest(r.closed_until, excluded.closed_until);
  end if;
end
$$;
comment on function private.fail_provider_call(text, float8) is
  'A provider refused a call, and took nothing. Where it asked to be left alone (Retry-After, in seconds; an hour at most) all workers leave it alone.';

create function private.discard_provider_calls(p_idempotency_keys text [])
returns void
language sql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
as $$
  update public.provider_calls set status = 'discarded' where idempotency_key = any(p_idempotency_keys) and status = 'kept'
$$;
comment on function private.discard_provider_calls(text []) is 'Answers that nobody can use: the next attempt asks anew, and pays.';

create function private.defer_task(p_job_id uuid, p_task_id uuid, p_attempt_id uuid, p_wait_s float8, p_error jsonb)
returns void
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
begin
  perform private.end_attempt(private.lock_own_task(p_job_id, p_task_id, p_attempt_id), 'handed_back', p_error, null);
  update public.stage_tasks
  set status = 'pending', progress = 0, run_at = now() + make_interval(secs => least(greatest(p_wait_s, 0), 3600)),
    error_code = p_error ->> 'error_code', error_message = p_error ->> 'message', next_step = p_error ->> 'next_step'
  where job_id = p_job_id and id = p_task_id;
  perform private.release();
end
$$;
comment on function private.defer_task(uuid, uuid, uuid, float8, jsonb) is
  'A worker hands a task back that has to wait for its provider, for so many seconds; it counts as neither failed nor lost. Raises CR005 for a stale token.';

grant execute on function
private.announce_providers(jsonb),
private.begin_provider_call(uuid, uuid, uuid, jsonb),
private.keep_provider_call(text, jsonb),
private.fail_provider_call(text, float8),
private.discard_provider_calls(text []),
private.defer_task(uuid, uuid, uuid, float8, jsonb)
to cliprow_worker;

-- What work will cost, as far as that is known before.

create function private.task_cost(p_tenant_id uuid, p_stage text)
returns numeric
language plpgsql
stable
set search_path = ''
as $$
declare
  v_provider private.stage_providers;
  v_cost numeric := (select t.amount from private.task_prices as t where t.tenant_id = p_tenant_id and t.stage = p_stage);
begin
  if v_cost is not null or not private.does_cost(p_tenant_id, p_stage) then
    return coalesce(v_cost, 0);
  end if;
  select s.* into v_provider from private.stage_providers as s where s.stage = p_stage;
  v_cost := (
    select sum(r.cost) / count(distinct r.task_id)
    from (
      select c.cost, c.task_id from public.provider_calls as c
      where c.tenant_id = p_tenant_id and c.stage = p_stage and c.provider = v_provider.provider and c.model = v_provider.model
        and c.status in ('kept', 'discarded') and c.currency = private.currency_of(p_tenant_id) and c.finished_at > now() - interval '30 days'
      order by c.finished_at desc limit 500
    ) as r
    having count(distinct r.task_id) >= 5
  );
  -- Until then: a script of a minute, a scene of eight seconds.
  return coalesce(v_cost, (
    select c.amount from private.cost_of(p_tenant_id, v_provider.provider, v_provider.model, case p_stage
      when 'script_generation' then '{"input_tokens": 700, "output_tokens": 1200}'::jsonb
      else '{"characters": 110, "seconds": 8}' end) as c));
end
$$;
comment on function private.task_cost(uuid, text) is
  'What a task of a stage is expected to cost: the price per task in the settings of the tenant, else the average of its last calls, of 30 days and 500 at '
  'most, where 5 tasks or more made some, else what a usual call costs at the prices of the provider.';

create or replace function private.expected_cost(p_tenant_id uuid, p_tasks jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  v_stages jsonb;
  v_amount numeric;
begin
  select coalesce(jsonb_object_agg(c.stage, trim_scale(c.amount)) filter (where c.amount > 0), '{}'), coalesce(sum(c.amount), 0)
  into v_stages, v_amount
  from (
    select k.key as stage, round(private.task_cost(p_tenant_id, k.key) * k.value::numeric, 4) as amount from jsonb_each_text(p_tasks) as k
  ) as c;
  return jsonb_build_object(
    'currency', private.currency_of(p_tenant_id), 'amount', trim_scale(v_amount), 'stages', v_stages,
    'basis', case
      when exists (select from private.task_prices as t where t.tenant_id = p_tenant_id)
        then 'Prices per task in the settings of the tenant, and prices of providers for other stages.'
      when v_amount = 0
        then 'The offline providers cost nothing. For providers that do, set prices, or put prices per task into the settings of the tenant.'
      else 'Prices of the providers, at what recent calls took, or a usual one where there were too few.' end);
end
$$;
comment on function private.expected_cost(uuid, jsonb) is
  'What tasks, counted by stage, are expected to cost: {currency, amount, stages: amount by stage that costs, basis}.';

create function private.expected_batch_cost(p_tenant_id uuid, p_topics jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Topics are counted only where there is something to count for.
  if not exists (select from private.stage_weights() as w where private.does_cost(p_tenant_id, w.stage)) then
    return jsonb_build_object('currency', private.currency_of(p_tenant_id), 'amount', 0, 'stages', '{}'::jsonb);
  end if;
  return private.expected_cost(p_tenant_id, (
    select jsonb_object_agg(e.stage, e.task_count) from private.expected_tasks(p_topics) as e
  )) - 'basis';
end
$$;
comment on function private.expected_batch_cost(uuid, jsonb) is 'What a batch of topics is expected to cost, as its creation answers: {currency, amount, stages}.';

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
    is_open = not n.is_over and b.starts_at is null and b.blocked_at is null and b.paused_at is null
  from private.backlogs as o
  join public.batches as b on b.id = o.batch_id
  cross join lateral (select private.is_over_budget(o.tenant_id, o.project_id, o.batch_id, o.stage) as is_over) as n
  where o.tenant_id = any(p_tenant_ids) and n.is_over <> o.is_over_budget
    and g.batch_id = o.batch_id and g.stage = o.stage and g.lane = o.lane;
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

create function private.tell_budget(p_budget public.budgets, p_event text)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_told jsonb := private.told_budget(p_budget);
begin
  perform realtime.send(v_told || jsonb_build_object('event', p_event), 'budget', 'tenant:' || t.id || ':' || t.epoch, true)
  from public.tenants as t where t.id = p_budget.tenant_id;
  perform private.queue_callback(p_budget.tenant_id, p_event, v_told);
end
$$;
comment on function private.tell_budget(public.budgets, text) is
  'Tells the live topic of the tenant (an event named budget) and its webhooks: budget.warned or budget.exceeded.';

create function private.judge_budgets(p_tenant_ids uuid [])
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
  for v_was in select b.* from public.budgets as b where b.tenant_id = any(p_tenant_ids) order by b.id loop
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
  'Holds budgets of tenants, which are locked, against what was paid: warns at four fifths, closes what costs when they are used up, opens it when '
  'they no longer are.';

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
begin
  if v_tenant_ids <> '{}' then
    delete from private.budget_rechecks where tenant_id = any(v_tenant_ids);
    -- Of another month. A budget of zero is used up in this one too.
    update public.budgets as b set exceeded_at = null, warned_at = null
    where b.tenant_id = any(v_tenant_ids) and b.period = 'month'
      and coalesce(b.exceeded_at, b.warned_at) < date_trunc('month', now() at time zone 'utc') at time zone 'utc' and b.amount > 0;
    update public.budgets as b set exceeded_at = now(), warned_at = now()
    where b.tenant_id = any(v_tenant_ids) and b.period = 'month'
      and b.exceeded_at < date_trunc('month', now() at time zone 'utc') at time zone 'utc';
    perform private.judge_budgets(v_tenant_ids), private.close_backlogs(v_tenant_ids);
  end if;
end
$$;
comment on function private.recheck_budgets(uuid []) is 'Looks at the budgets that are due, of these tenants, which are locked.';

-- Budgets, as users set and see them.

create function private.write_budget(p_budget public.budgets)
returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  if p_budget.amount is null then
    delete from public.budgets as b where b.scope_id = p_budget.scope_id and b.period = p_budget.period returning b.* into p_budget;
    if not found then
      raise exception 'There is no such budget.' using errcode = 'CR002', hint = 'List the budgets, and name one of them.';
    end if;
    perform private.close_backlogs(array[p_budget.tenant_id]);
    p_budget.exceeded_at := null;
    p_budget.warned_at := null;
  else
    insert into public.budgets as b (tenant_id, project_id, batch_id, period, amount, currency)
    values (p_budget.tenant_id, p_budget.project_id, p_budget.batch_id, p_budget.period, p_budget.amount,
      private.currency_of(p_budget.tenant_id))
    on conflict (scope_id, period) do update set amount = excluded.amount, currency = excluded.currency
    returning b.* into p_budget;
    perform private.judge_budgets(array[p_budget.tenant_id]);
    select b.* into p_budget from public.budgets as b where b.id = p_budget.id;
  end if;
  perform private.release();
  return private.told_budget(p_budget);
end
$$;
comment on function private.write_budget(public.budgets) is
  'Sets a budget of a tenant, which is locked, or with an amount of null removes it; releases what may run again.';

create function public.set_budget(scope text, amount numeric, scope_id uuid default null, period text default null)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and role itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_budget public.budgets;
  v_batch public.batches;
begin
  v_budget.tenant_id := private.acting_tenant_id();
  v_budget.period := coalesce(set_budget.period, case set_budget.scope when 'batch' then 'total' else 'month' end);
  v_budget.amount := set_budget.amount;
  if v_budget.period not in ('month', 'total') then
    raise exception 'There is no period %.', v_budget.period using errcode = 'CR001', hint = 'Use month or total.';
  elsif v_budget.amount < 0 or v_budget.amount >= 1e12 or v_budget.amount = 'NaN' then
    raise exception 'A budget is 0 or more.' using errcode = 'CR001', hint = 'Send the most it may cost, or null to remove the limit.';
  end if;
  case set_budget.scope
    when 'batch' then
      v_batch := private.batch_to_control(set_budget.scope_id);
      v_budget.batch_id := v_batch.id;
    when 'project' then
      perform private.check_pays('set the budgets of projects'), private.lock_tenant(v_budget.tenant_id);
      select p.id into v_budget.project_id from public.projects as p
      where p.id = set_budget.scope_id and p.tenant_id = v_budget.tenant_id and p.deleted_at is null;
      if not found then
        raise exception 'There is no project %.', set_budget.scope_id
          using errcode = 'CR002', hint = 'List the projects, and use the id of one of them.';
      end if;
    when 'tenant' then
      perform private.check_pays('set the budget of the team'), private.lock_tenant(v_budget.tenant_id);
    else
      raise exception 'There is no scope %.', coalesce(set_budget.scope, 'null')
        using errcode = 'CR001', hint = 'Use one of tenant, project, batch.';
  end case;
  v_budget.scope_id := coalesce(v_budget.batch_id, v_budget.project_id, v_budget.tenant_id);
  return private.write_budget(v_budget);
end
$$;
comment on function public.set_budget(text, numeric, uuid, text) is
  'Sets how much the caller''s tenant, or a project or batch of it, may cost: by month (UTC; default for tenant and project) or in all (total; '
  'default for a batch), in the currency the tenant pays in. An amount of null removes the limit. Those of tenant and projects are for admins, that of a '
  'batch for whoever controls it. What waits and costs is held back, or let go, at once. Returns {id, scope, scope_id, period, amount, spent, currency, '
  'percent, state, warned_at, exceeded_at, held_tasks}. Raises CR001, CR002 or CR003.';

create function public.list_budgets()
returns jsonb
language plpgsql
stable
-- definer: users may not read what waits; it asserts the tenant itself.
security definer
set search_path = ''
as $$
declare
  v_tenant_id uuid := private.acting_tenant_id();
begin
  return (
    select coalesce(jsonb_agg(private.told_budget(b) order by b.scope desc, b.id), '[]')
    from public.budgets as b where b.tenant_id = v_tenant_id
  );
end
$$;
comment on function public.list_budgets() is
  'The budgets of the caller''s tenant, its projects and batches, as set_budget returns them. Raises CR003.';

grant execute on function public.set_budget(text, numeric, uuid, text), public.list_budgets() to authenticated;

-- Who changed them.
create trigger audit after insert or update or delete on public.provider_prices
for each row execute function private.audit_row('id', '');
create trigger audit after insert or update or delete on public.budgets
for each row execute function private.audit_row('id', 'warned_at,exceeded_at');

-- What tenants already say in their settings.
insert into private.task_prices (tenant_id, stage, amount, currency)
select t.id, w.stage, greatest(0, (t.settings -> 'prices' ->> w.stage)::numeric),
  case when t.settings -> 'prices' ->> 'currency' ~ '^[A-Z]{3}$' then t.settings -> 'prices' ->> 'currency' else 'USD' end
from public.tenants as t
cross join private.stage_weights() as w
where jsonb_typeof(t.settings -> 'prices' -> w.stage) = 'number' and (t.settings -> 'prices' ->> w.stage)::numeric < 1e9;

-- What the queue asks of them.

create or replace function private.next_backlog(p_stage text)
returns private.backlogs
language plpgsql
set search_path = ''
as $$
declare
  v_next private.backlogs;
begin
  for v_next in
    select g.*
    from private.backlogs as g
    cross join private.settings as s
    join private.windows as w on w.scope_id = g.tenant_id
    where g.stage = p_stage and g.waiting_count > 0 and g.is_open
    order by private.lane_rank(g.lane, g.served_at, s.ageing), w.served_at, g.batch_id
  loop
    if private.scope_room(v_next.tenant_id, v_next.project_id, v_next.batch_id) > 0 then
      perform from private.windows where scope_id = v_next.tenant_id for update skip locked;
      -- Looked at again now that the tenant is locked: only then are its counters final.
      if found and private.scope_room(v_next.tenant_id, v_next.project_id, v_next.batch_id) > 0 and exists (
        select from private.backlogs as g
        where g.batch_id = v_next.batch_id and g.stage = p_stage and g.lane = v_next.lane and g.waiting_count > 0 and g.is_open
      ) then
        return v_next;
      end if;
    end if;
  end loop;
  return null;
end
$$;
comment on function private.next_backlog(text) is
  'Whose turn it is: the best lane, then the tenant served longest ago, then its oldest batch. Locks that tenant; '
  'passes over tenants that are busy, which release for themselves or wait for the ticker. Null when nobody has both work and room.';

create or replace function private.open_backlogs()
returns trigger
language plpgsql
-- definer: whoever changes a batch may not write what waits of it.
security definer
set search_path = ''
as $$
begin
  update private.backlogs
  set is_open = new.starts_at is null and new.blocked_at is null and new.paused_at is null and not is_over_budget
  where batch_id = new.id;
  return null;
end
$$;
comment on function private.open_backlogs() is 'Lets what waits of a batch be looked at by the release, or not. Its tenant is locked.';

create or replace function private.apply_counts(p_moves private.count_move [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.backlogs (batch_id, stage, lane, tenant_id, project_id, is_over_budget, is_open)
  select m.batch_id, m.stage, m.lane, m.tenant_id, m.project_id, o.is_over,
    b.starts_at is null and b.blocked_at is null and b.paused_at is null and not o.is_over
  from unnest(p_moves) as m
  join public.batches as b on b.id = m.batch_id
  cross join lateral (select private.is_over_budget(m.tenant_id, m.project_id, m.batch_id, m.stage) as is_over) as o
  where m.waiting > 0
  on conflict (batch_id, stage, lane) do nothing;
  update private.backlogs as g
  set
    waiting_count = g.waiting_count + d.waiting,
    served_at = case when d.waiting < 0 or g.waiting_count = 0 then now() else g.served_at end
  from (
    select m.batch_id, m.stage, m.lane, sum(m.waiting)::int as waiting from unnest(p_moves) as m group by 1, 2, 3
  ) as d
  where g.batch_id = d.batch_id and g.stage = d.stage and g.lane = d.lane and d.waiting <> 0;

  insert into private.windows (scope_id, scope)
  select s.scope_id, s.scope
  from unnest(p_moves) as m
  cross join lateral (values (m.tenant_id, 'tenant'), (m.project_id, 'project'), (m.batch_id, 'batch')) as s (scope_id, scope)
  where m.active > 0
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
comment on function private.apply_counts(private.count_move []) is 'Adds changes to the counters of backlogs and windows.';

create or replace function private.stage_room(p_stage text)
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
    v_batch := private.insert_batch(v_project, options);
    perform private.insert_jobs(v_batch, topics, coalesce(options ->> 'job_type', 'batch'));
    perform private.apply_waits(v_batch, topics);
    perform private.count_library_use(topics);
    update public.idempotency_keys as k set batch_id = v_batch.id
    where k.tenant_id = v_project.tenant_id and k.key = create_batch.idempotency_key;
    perform private.release();
  end if;
  return (
    select jsonb_build_object('batch_id', b.id, 'number', b.number, 'job_count', b.job_count, 'is_new', v_is_new,
      'expected_cost', private.expected_batch_cost(b.tenant_id, create_batch.topics))
    from public.batches as b where b.id = v_batch.id);
end
$$;
comment on function public.create_batch(uuid, jsonb, jsonb, text) is
  'Creates a batch: one job per topic object {topic, platforms, brief?, audience?, tone?, script_type?, language?, duration_s?, priority?, '
  'voice?, images?, library_items?, metadata?, after_rows?, after_condition?, after_failure?, deadline?, on_deadline?}, in one transaction. Options: title, max_concurrent_tasks, job_type, starts_at, after, after_condition, after_failure, deadline, on_deadline. The same idempotency key and request again return '
  'the same batch. Raises CR001 with every problem in the detail, CR002, CR003 or CR004.';

create or replace function private.keep_results(p_results private.result [], p_tasks public.stage_tasks [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.artifacts as a
  set status = 'ready', ready_at = now(), facts = r.facts, files = r.files,
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
comment on function private.keep_results(private.result [], public.stage_tasks []) is
  'Completes tasks, which are locked and run, with what their attempts made. The caller releases the next.';

create or replace function private.due_tenant_ids()
returns setof uuid
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  select b.tenant_id from public.batches as b where b.starts_at <= now()
  union
  select d.tenant_id from public.batch_dependencies as d where d.is_due
  union
  select d.tenant_id from public.job_dependencies as d where d.is_due
  union
  select j.tenant_id from public.generation_jobs as j where j.deadline <= now() and not j.is_late and j.completed_at is null
  union
  select b.tenant_id from public.batches as b where b.deadline <= now() and not b.is_late and b.completed_at is null
  union
  (select s.tenant_id from public.schedules as s where s.next_run_at <= now() and s.paused_at is null order by s.next_run_at limit 20)
  union
  select d.id from private.budget_tenant_ids() as d (id);
end
$$;
comment on function private.due_tenant_ids() is 'The tenants of which run_due_schedules has something to do; reads only what is due.';

create or replace function private.run_due_schedules(p_tenant_ids uuid [])
returns int
language plpgsql
set search_path = ''
as $$
begin
  perform private.recheck_budgets(p_tenant_ids);
  return private.open_due_batches(p_tenant_ids) + private.settle_dependencies(p_tenant_ids) + private.mark_late(p_tenant_ids)
    + private.settle_jobs(p_tenant_ids) + private.mark_late_jobs(p_tenant_ids)
    + private.run_due_occurrences(p_tenant_ids);
end
$$;
comment on function private.run_due_schedules(uuid []) is
  'What a schedule, a start, a deadline or the end of another batch makes due, of tenants which are locked; returns how many batches and runs.';

create or replace function private.webhook_with(p_webhook public.webhooks, p_changes jsonb)
returns public.webhooks
language plpgsql
stable
set search_path = ''
as $$
declare
  v_problems jsonb;
begin
  select jsonb_agg(private.as_problem(null, c.key, p.reason)) into v_problems
  from jsonb_each(p_changes) as c
  cross join lateral (
    select case c.key
      when 'url' then private.url_problem(c.value #>> '{}')
      when 'events' then case when jsonb_typeof(c.value) is distinct from 'array' or c.value = '[]'
        or not c.value <@ '["batch.ended", "job.ended", "budget.warned", "budget.exceeded"]'
        then 'is not a list of batch.ended, job.ended, budget.warned and budget.exceeded' end
      when 'description' then case when jsonb_typeof(c.value) is distinct from 'string' or length(c.value #>> '{}') > 200
        then 'is not text of up to 200 characters' end
      when 'is_active' then case when jsonb_typeof(c.value) is distinct from 'boolean' then 'is neither true nor false' end
      else 'is not something a webhook has' end as reason
  ) as p
  where p.reason is not null;
  if v_problems is not null then
    raise exception 'The webhook cannot be used as it is.'
      using errcode = 'CR001', detail = v_problems::text, hint = 'Correct the fields named.';
  end if;
  p_webhook.url := coalesce(p_changes ->> 'url', p_webhook.url);
  p_webhook.events := case when p_changes ? 'events' then array(select distinct jsonb_array_elements_text(p_changes -> 'events'))
    else p_webhook.events end;
  p_webhook.description := coalesce(p_changes ->> 'description', p_webhook.description, '');
  p_webhook.is_active := coalesce((p_changes ->> 'is_active')::boolean, p_webhook.is_active, true);
  return p_webhook;
end
$$;
comment on function private.webhook_with(public.webhooks, jsonb) is 'A webhook with other values, checked; raises CR001.';

create or replace function public.check_batch(project_id uuid, topics jsonb, options jsonb default '{}')
returns jsonb
language plpgsql
stable
-- definer: reads what workers there are; it asserts tenant, role and project itself.
security definer
set search_path = ''
as $$
declare
  v_project public.projects := case when check_batch.project_id is null then private.new_project()
    else private.check_may_create(check_batch.project_id) end;
  v_problems jsonb := private.request_problems(topics, options);
  v_usable jsonb := '[]';
begin
  if private.is_topic_list(topics) then
    select coalesce(jsonb_agg(t.value order by t.ordinality), '[]') into v_usable
    from jsonb_array_elements(topics) with ordinality as t
    -- Not `<> all`, which would go through the whole list for each topic.
    where t.ordinality not in (
      select (p ->> 'row')::bigint from jsonb_array_elements(v_problems) as p where p ->> 'row' is not null
    );
  end if;
  return jsonb_build_object('problems', v_problems, 'job_count', jsonb_array_length(v_usable),
    'estimate', private.estimate(v_project, v_usable, options));
end
$$;
comment on function public.check_batch(uuid, jsonb, jsonb) is
  'The dry run of create_batch: creates nothing. Without a project (null) for one that is still to be created. Returns {problems: [{row, field, '
  'reason}], job_count, estimate: {tasks: by stage, seconds, basis, cost: {currency, amount, stages, basis}}}; rows with problems are not counted. '
  'Raises CR002 or CR003.';

create or replace function public.create_webhook(webhook jsonb)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
declare
  v_webhook public.webhooks := private.webhook_with(private.webhook_to_control(null), '{"url": null, "events": null}' || coalesce(create_webhook.webhook, '{}'));
  v_secret text := private.new_secret();
begin
  if (select count(*) from public.webhooks as w where w.tenant_id = v_webhook.tenant_id) >= 20 then
    raise exception 'A tenant has up to 20 webhooks.' using errcode = 'CR004', hint = 'Remove one that is not needed any more.';
  end if;
  insert into public.webhooks (tenant_id, url, events, description, is_active, created_by)
  values (v_webhook.tenant_id, v_webhook.url, v_webhook.events, v_webhook.description, v_webhook.is_active, private.user_id())
  returning id into v_webhook.id;
  insert into private.webhook_senders (webhook_id, secret) values (v_webhook.id, v_secret);
  return private.told_webhook(v_webhook.id) || jsonb_build_object('secret', v_secret);
end
$$;
comment on function public.create_webhook(jsonb) is
  'Has an address called when something ends: {url, events: [batch.ended, job.ended, budget.warned, budget.exceeded], description?, is_active?}; for admins and owners. Returns the '
  'webhook with its secret, which is told this once. Raises CR001, CR003 or CR004.';
