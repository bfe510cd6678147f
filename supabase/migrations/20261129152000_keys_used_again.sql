-- A key that was used for another request is refused with a code of its own, so that programs can tell it from other conflicts.

create or replace function private.batch_of_key(p_project public.projects, p_key text, p_request jsonb)
returns public.batches
language plpgsql
set search_path = ''
as $$
declare
  v_hash text := encode(sha256(convert_to(p_request::text, 'UTF8')), 'hex');
  v_known public.idempotency_keys;
  v_batch public.batches;
begin
  if length(p_key) not between 1 and 200 then
    raise exception 'The idempotency key has % characters.', length(p_key)
      using errcode = 'CR001', hint = 'Use 1 to 200 characters, for example a random UUID.';
  end if;
  insert into public.idempotency_keys (tenant_id, key, request_hash) values (p_project.tenant_id, p_key, v_hash)
  on conflict (tenant_id, key) do nothing;
  if not found then
    select * into v_known from public.idempotency_keys where tenant_id = p_project.tenant_id and key = p_key;
    if v_known.request_hash <> v_hash then
      raise exception 'This idempotency key was used for another request.'
        using errcode = 'CR004', detail = 'IDEMPOTENCY_KEY_REUSED', hint = 'Use a new key for a new request.';
    end if;
    select * into v_batch from public.batches where id = v_known.batch_id;
  end if;
  return v_batch;
end
$$;

create or replace function private.open_request(p_tenant_id uuid, p_user_id uuid, p_key_hash text, p_request_hash text)
returns text
language plpgsql
-- definer: the API keeps answers in a table that no role may touch.
security definer
set search_path = ''
as $$
declare
  v_known private.kept_answers;
begin
  -- A few at a time, so that nobody waits for a great cleaning.
  delete from private.kept_answers where ctid in (
    select k.ctid from private.kept_answers as k where k.created_at < now() - interval '1 day' limit 20 for update skip locked
  );
  insert into private.kept_answers (tenant_id, user_id, key_hash, request_hash)
  values (p_tenant_id, p_user_id, p_key_hash, p_request_hash)
  on conflict do nothing;
  if found then
    return null;
  end if;
  select * into v_known from private.kept_answers as k
  where k.user_id = p_user_id and k.tenant_id is not distinct from p_tenant_id and k.key_hash = p_key_hash;
  if v_known.request_hash is distinct from p_request_hash then
    raise exception 'This idempotency key was used for another request.'
      using errcode = 'CR004', detail = 'IDEMPOTENCY_KEY_REUSED', hint = 'Use a new key for a new request.';
  end if;
  return v_known.answer;
end
$$;
