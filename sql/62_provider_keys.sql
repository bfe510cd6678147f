-- Keys of providers that tenants bring themselves. They are written and never shown: only the worker that runs an attempt
-- of the tenant's own task is told them, in place of those of the deployment. The API encrypts them with a key that the
-- database never sees (src/cliprow/sealing.py), so that a dump alone does not give them away.

create table private.provider_keys (
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  provider text not null check (provider in ('script')),
  secret text check (length(secret) between 8 and 500),
  set_by uuid references auth.users (id) on delete set null,
  set_at timestamptz not null default now(),
  sealed text check (length(sealed) <= 2000 and sealed ~ '^cliprow\.1\.[0-9a-f]{8}\.[A-Za-z0-9_-]{40,}$'),
  last_four text not null default '' check (length(last_four) in (0, 4)),
  primary key (tenant_id, provider),
  constraint plain_or_sealed check ((secret is null) <> (sealed is null))
);
comment on table private.provider_keys is 'Keys of providers, by tenant. No role may read it; task_secrets tells a worker what its attempt needs.';
comment on column private.provider_keys.provider is 'What the key is for: script, of the endpoint that writes scripts.';
comment on column private.provider_keys.secret is 'Plain, of before keys were sealed; the API seals what it finds here when it starts.';
comment on column private.provider_keys.sealed is
  'The key encrypted by the API: cliprow.1, which key of the deployment, and what it made of this one; tenant and provider are bound to it.';
comment on column private.provider_keys.last_four is 'Its last characters, for people to know it again; empty for a short one.';
create index provider_keys_set_by on private.provider_keys (set_by);

create function private.told_key(p_key private.provider_keys)
returns jsonb
language sql
immutable
set search_path = ''
return jsonb_build_object('provider', p_key.provider, 'set_by', p_key.set_by, 'set_at', p_key.set_at, 'last_four', p_key.last_four);
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

create function private.keep_provider_key(p_provider text, p_sealed text, p_last_four text)
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
  perform private.check_key_provider(p_provider);
  insert into private.provider_keys as k (tenant_id, provider, sealed, last_four, set_by)
  values (v_tenant_id, p_provider, p_sealed, p_last_four, private.user_id())
  on conflict on constraint provider_keys_pkey do update
    set secret = null, sealed = excluded.sealed, last_four = excluded.last_four, set_by = excluded.set_by, set_at = now()
  returning k.* into v_key;
  return private.told_key(v_key);
end
$$;
comment on function private.keep_provider_key(text, text, text) is
  'For the API, with a caller''s claims: keeps the key of a provider (script), sealed for the caller''s tenant, which its work uses in place of the '
  'deployment''s from the next attempt on. The caller is an admin or owner. Returns {provider, last_four, set_by, set_at}. Raises CR001 or CR003.';

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
  select coalesce(jsonb_object_agg(k.provider || '.api_key', coalesce(k.sealed, k.secret)), '{}')
  from public.stage_tasks as t
  join private.provider_keys as k on k.tenant_id = t.tenant_id and k.provider = case t.stage when 'script_generation' then 'script' end
  where t.job_id = p_job_id and t.id = p_task_id and t.attempt_id = p_attempt_id and t.status = 'processing'
$$;
comment on function private.task_secrets(uuid, uuid, uuid) is
  'For workers: settings that the tenant of a running attempt has its own values for, like {"script.api_key": "..."}, sealed as they are kept. Empty '
  'for any other attempt.';

create function private.keys_to_seal(p_key_id text)
returns jsonb
language sql
stable
-- definer: nobody may read the table; the API seals what was not sealed with its first key.
security definer
set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object('tenant_id', k.tenant_id, 'provider', k.provider, 'kept', coalesce(k.sealed, k.secret))), '[]')
  from private.provider_keys as k where k.sealed is null or split_part(k.sealed, '.', 3) <> p_key_id
$$;
comment on function private.keys_to_seal(text) is
  'For the API: keys of providers that are plain, or sealed with another key of the deployment than this one: [{tenant_id, provider, kept}].';

create function private.seal_key(p_tenant_id uuid, p_provider text, p_kept text, p_sealed text)
returns boolean
language sql
-- definer: nobody may write the table.
security definer
set search_path = ''
as $$
  with sealed as (
    update private.provider_keys as k set secret = null, sealed = p_sealed
    where k.tenant_id = p_tenant_id and k.provider = p_provider and coalesce(k.sealed, k.secret) = p_kept
    returning 1
  )
  select exists (select from sealed)
$$;
comment on function private.seal_key(uuid, text, text, text) is
  'For the API: keeps a key of a provider sealed as given, if it is still the one that was read; false if somebody set another meanwhile.';

create trigger audit after insert or update or delete on private.provider_keys
for each row execute function private.audit_row('provider', 'secret,sealed,set_by');

grant execute on function public.remove_provider_key(text), public.list_provider_keys() to authenticated;
grant execute on function private.task_secrets(uuid, uuid, uuid) to cliprow_worker;
grant execute on function private.keep_provider_key(text, text, text), private.keys_to_seal(text), private.seal_key(uuid, text, text, text) to cliprow_api;
