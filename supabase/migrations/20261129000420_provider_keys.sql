-- Keys of providers that tenants bring themselves.

create table private.provider_keys (
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  provider text not null check (provider in ('script')),
  secret text not null check (length(secret) between 8 and 500),
  set_by uuid references auth.users (id) on delete set null,
  set_at timestamptz not null default now(),
  primary key (tenant_id, provider)
);
comment on table private.provider_keys is 'Keys of providers, by tenant. No role may read it; task_secrets tells a worker what its attempt needs.';
comment on column private.provider_keys.provider is 'What the key is for: script, of the endpoint that writes scripts.';
create index provider_keys_set_by on private.provider_keys (set_by);

create function private.told_key(p_key private.provider_keys)
returns jsonb
language sql
immutable
set search_path = ''
return jsonb_build_object('provider', p_key.provider, 'set_by', p_key.set_by, 'set_at', p_key.set_at,
  -- Of a short key four characters would be too much.
  'last_four', case when length(p_key.secret) >= 16 then right(p_key.secret, 4) else '' end);
comment on function private.told_key(private.provider_keys) is 'What people are told of a key: not what it is.';

create function private.check_key_provider(p_provider text)
returns void
language plpgsql
immutable
set search_path = ''
as $$
begin
  if p_provider is distinct from 'script' then
    raise exception 'No stage reads a key for %.', coalesce(left(p_provider, 50), 'null')
      using errcode = 'CR001', hint = 'Use script: the key of the endpoint that writes scripts.';
  end if;
end
$$;
comment on function private.check_key_provider(text) is 'Raises CR001 unless a stage reads a key of this provider.';

create function public.set_provider_key(provider text, secret text)
returns jsonb
language plpgsql
-- definer: nobody may write the table; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
declare
  v_tenant_id uuid := private.check_role('admin', 'set keys of providers');
  v_key private.provider_keys;
begin
  perform private.check_key_provider(set_provider_key.provider);
  -- The message says nothing of the key.
  if coalesce(set_provider_key.secret, '') !~ '^[!-~]+$' or length(set_provider_key.secret) not between 8 and 500 then
    raise exception 'This is no key.' using errcode = 'CR001', hint = 'Send 8 to 500 characters without spaces, as the provider shows them.';
  end if;
  insert into private.provider_keys as k (tenant_id, provider, secret, set_by)
  values (v_tenant_id, set_provider_key.provider, set_provider_key.secret, private.user_id())
  on conflict on constraint provider_keys_pkey do update set secret = excluded.secret, set_by = excluded.set_by, set_at = now()
  returning k.* into v_key;
  return private.told_key(v_key);
end
$$;
comment on function public.set_provider_key(text, text) is
  'Sets the key of a provider (script) that work of the caller''s tenant uses in place of the deployment''s, from the next attempt on. It is never '
  'shown again. For admins and owners. Returns {provider, last_four, set_by, set_at}. Raises CR001 or CR003.';

create function public.remove_provider_key(provider text)
returns void
language plpgsql
-- definer: nobody may write the table; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
declare
  v_tenant_id uuid := private.check_role('admin', 'remove keys of providers');
begin
  perform private.check_key_provider(remove_provider_key.provider);
  delete from private.provider_keys as k where k.tenant_id = v_tenant_id and k.provider = remove_provider_key.provider;
  if not found then
    raise exception 'No key of this provider is set.' using errcode = 'CR002', hint = 'List the keys, and name one of them.';
  end if;
end
$$;
comment on function public.remove_provider_key(text) is
  'Removes the key of a provider of the caller''s tenant; its work uses that of the deployment again. For admins and owners. Raises CR001, CR002 or CR003.';

create function public.list_provider_keys()
returns jsonb
language plpgsql
stable
-- definer: nobody may read the table; it asserts tenant and role itself, and leaves out what the keys are.
security definer
set search_path = ''
as $$
declare
  v_tenant_id uuid := private.check_role('admin', 'see keys of providers');
begin
  return (
    select coalesce(jsonb_agg(private.told_key(k) order by k.provider), '[]') from private.provider_keys as k where k.tenant_id = v_tenant_id
  );
end
$$;
comment on function public.list_provider_keys() is
  'Which keys of providers the caller''s tenant has set, as {provider, last_four, set_by, set_at}. For admins and owners. Raises CR003.';

create function private.task_secrets(p_job_id uuid, p_task_id uuid, p_attempt_id uuid)
returns jsonb
language sql
stable
-- definer: workers may not read the table; they are told what the attempt that they run needs, while it runs.
security definer
set search_path = ''
as $$
  select coalesce(jsonb_object_agg(k.provider || '.api_key', k.secret), '{}')
  from public.stage_tasks as t
  join private.provider_keys as k on k.tenant_id = t.tenant_id and k.provider = case t.stage when 'script_generation' then 'script' end
  where t.job_id = p_job_id and t.id = p_task_id and t.attempt_id = p_attempt_id and t.status = 'processing'
$$;
comment on function private.task_secrets(uuid, uuid, uuid) is
  'For workers: settings that the tenant of a running attempt has its own values for, like {"script.api_key": "..."}. Empty for any other attempt.';

grant execute on function
public.set_provider_key(text, text), public.remove_provider_key(text), public.list_provider_keys()
to authenticated;
grant execute on function private.task_secrets(uuid, uuid, uuid) to cliprow_worker;
