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

create function private.fail_provider_call(p_idempotency_key text, p_retry_after_s float8 default null, p_has_own_key boolean default false)
returns void
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
as $$
declare
  v_call public.provider_calls;
begin
  update public.provider_calls set status = 'failed', finished_at = now()
  where idempotency_key = p_idempotency_key and status = 'started'
  returning * into v_call;
  if p_retry_after_s > 0 and v_call.id is not null then
    insert into private.provider_rates as r (provider, tenant_id, closed_until)
    values (v_call.provider, case when p_has_own_key then v_call.tenant_id end,
      clock_timestamp() + make_interval(secs => least(p_retry_after_s, 3600)))
    on conflict (provider, tenant_id) do update set closed_until = greatest(r.closed_until, excluded.closed_until);
  end if;
end
$$;
comment on function private.fail_provider_call(text, float8, boolean) is
  'A provider refused a call, and took nothing. Where it asked to be left alone (Retry-After, in seconds; an hour at most) all workers leave it alone: '
  'for all tenants, or where the tenant brought its own key, whose account is its own, for that tenant.';

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
private.fail_provider_call(text, float8, boolean),
private.discard_provider_calls(text []),
private.defer_task(uuid, uuid, uuid, float8, jsonb)
to cliprow_worker;
