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
  -- Without a limit there is nothing to keep, unless the provider has closed.
  delete from private.provider_rates as r
  where r.provider = p_provider and r.tenant_id is not distinct from p_tenant_id
    and r.requests_per_minute is null and r.tokens_per_minute is null and coalesce(r.closed_until <= clock_timestamp(), true);
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
grant execute on function private.set_provider_rate_for_all(text, int, int), private.list_provider_rates_for_all() to service_role, cliprow_api;

create function public.list_provider_rates()
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

grant execute on function public.set_provider_rate(text, int, int), public.list_provider_rates() to authenticated;
