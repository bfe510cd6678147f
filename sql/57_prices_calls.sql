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
-- definer: for operators, whose role may not write these rows.
security definer
set search_path = ''
as $$
  select private.write_price(null, p_provider, p_model, p_unit, p_amount, p_currency, p_valid_from)
$$;
comment on function private.set_price_for_all(text, text, numeric, text, text, timestamptz) is
  'As set_price, for all tenants that have no prices of their own; for operators.';

create function private.list_prices_for_all()
returns jsonb
language sql
stable
-- definer: for operators, whose role may not read these rows.
security definer
set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object('provider', p.provider, 'model', p.model, 'unit', p.unit, 'amount', trim_scale(p.amount),
    'currency', p.currency, 'valid_from', p.valid_from) order by p.provider, p.model, p.unit, p.valid_from desc), '[]')
  from public.provider_prices as p where p.tenant_id is null
$$;
comment on function private.list_prices_for_all() is
  'The prices for all tenants that have none of their own, for operators: [{provider, model, unit, amount, currency, valid_from}].';
grant execute on function
private.set_price_for_all(text, text, numeric, text, text, timestamptz), private.list_prices_for_all()
to service_role, cliprow_api;

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
