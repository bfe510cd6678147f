-- Requests that create something are carried out once, however often they are sent with the same Idempotency-Key.
-- Batches and jobs have keys of their own (idempotency_keys); here the whole answer is kept.

create table private.kept_answers (
  -- The key that is meant has a column that may be null.
  id bigint generated always as identity primary key,
  tenant_id uuid references public.tenants (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  key_hash text not null,
  request_hash text not null,
  answer text,
  created_at timestamptz not null default now(),
  unique nulls not distinct (user_id, tenant_id, key_hash)
);
comment on table private.kept_answers is 'Answers to requests that carried an Idempotency-Key, kept for a day: what was created, and as which answer it was told.';
comment on column private.kept_answers.tenant_id is 'Null for what is created outside of a tenant.';
comment on column private.kept_answers.answer is 'Encrypted with the key itself, of which only the hash is here: it may hold a secret.';
comment on column private.kept_answers.request_hash is 'sha256 of the request: the same key with another request is refused.';
create index kept_answers_tenant_id on private.kept_answers (tenant_id);
create index kept_answers_created_at on private.kept_answers (created_at);

create function private.open_request(p_tenant_id uuid, p_user_id uuid, p_key_hash text, p_request_hash text)
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
comment on function private.open_request(uuid, uuid, text, text) is
  'Takes the key for a request: null when it is new, else the answer that the same request was given. Waits while another connection carries '
  'it out. Raises CR004 when the key was used for another request.';

create function private.keep_answer(p_tenant_id uuid, p_user_id uuid, p_key_hash text, p_answer text)
returns void
language sql
-- definer: the API keeps answers in a table that no role may touch.
security definer
set search_path = ''
as $$
  update private.kept_answers set answer = p_answer
  where user_id = p_user_id and tenant_id is not distinct from p_tenant_id and key_hash = p_key_hash
$$;
comment on function private.keep_answer(uuid, uuid, text, text) is 'Keeps the answer of a request, in the transaction that carried it out.';

grant execute on function private.open_request(uuid, uuid, text, text), private.keep_answer(uuid, uuid, text, text) to cliprow_api;
