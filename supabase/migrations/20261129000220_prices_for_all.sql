-- Operators list and set prices and rates for all tenants.

create or replace function private.set_price_for_all(
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

create or replace function private.write_rate(p_tenant_id uuid, p_provider text, p_requests_per_minute int, p_tokens_per_minute int)
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
  -- Without a limit there is nothing to keep, unless the provider has closed.
  delete from private.provider_rates as r
  where r.provider = p_provider and r.tenant_id is not distinct from p_tenant_id
    and r.requests_per_minute is null and r.tokens_per_minute is null and coalesce(r.closed_until <= clock_timestamp(), true);
  return jsonb_build_object('provider', p_provider, 'requests_per_minute', p_requests_per_minute, 'tokens_per_minute', p_tokens_per_minute);
end
$$;
comment on function private.write_rate(uuid, text, int, int) is 'Sets the rates of a provider for one tenant, or (null) for all together; null for no limit.';

create or replace function private.set_provider_rate_for_all(p_provider text, p_requests_per_minute int default null, p_tokens_per_minute int default null)
returns jsonb
language sql
-- definer: for operators, whose role may not write buckets.
security definer
set search_path = ''
as $$
  select private.write_rate(null, p_provider, p_requests_per_minute, p_tokens_per_minute)
$$;
comment on function private.set_provider_rate_for_all(text, int, int) is 'As set_provider_rate, for all tenants together; for operators.';

create function private.told_rates(p_tenant_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object('provider', r.provider, 'is_own', r.tenant_id is not null,
    'requests_per_minute', r.requests_per_minute, 'tokens_per_minute', r.tokens_per_minute,
    'closed_until', case when r.closed_until > now() then r.closed_until end) order by r.provider, r.tenant_id is null), '[]')
  from private.provider_rates as r
  where (r.tenant_id is null or r.tenant_id = p_tenant_id)
    and (r.requests_per_minute is not null or r.tokens_per_minute is not null or r.closed_until > now())
$$;
comment on function private.told_rates(uuid) is
  'The rates that hold for a tenant, its own and those of all, or (null) for all alone, and the providers that want to be left alone.';

create function private.list_provider_rates_for_all()
returns jsonb
language sql
stable
-- definer: for operators, whose role may not read buckets.
security definer
set search_path = ''
as $$
  select private.told_rates(null)
$$;
comment on function private.list_provider_rates_for_all() is 'The rates for all tenants together, as list_provider_rates returns them; for operators.';

create or replace function public.list_provider_rates()
returns jsonb
language plpgsql
stable
-- definer: users may not read buckets; it asserts the tenant itself.
security definer
set search_path = ''
as $$
begin
  return private.told_rates(private.acting_tenant_id());
end
$$;
comment on function public.list_provider_rates() is
  'The rates that hold for the caller''s tenant, its own and those of all: [{provider, is_own, requests_per_minute, tokens_per_minute, closed_until}]. '
  'Raises CR003.';

grant execute on function
private.set_price_for_all(text, text, numeric, text, text, timestamptz),
private.list_prices_for_all(),
private.set_provider_rate_for_all(text, int, int),
private.list_provider_rates_for_all()
to service_role, cliprow_api;
