-- Callbacks: a signed request to an address of the tenant's when a batch or job has ended, or waits for somebody (Standard
-- Webhooks). What is to be told is written in the transaction of that, and sent by a worker, at least once and in any order.
--
--   batches, generation_jobs ──> private.webhook_deliveries ──> worker ──> https://...
--                                          ^──────── status, backoff ────────┘

create table public.webhooks (
  id uuid primary key default private.uuid_v7(),
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  url text not null check (length(url) <= 2000),
  events text [] not null check (events <> '{}' and events <@ array[
    'batch.ended', 'batch.waiting', 'job.ended', 'job.waiting', 'budget.warned', 'budget.exceeded'
  ]),
  description text not null default '' check (length(description) <= 200),
  is_active boolean not null default true,
  disabled_reason text,
  created_by uuid references auth.users (id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (tenant_id, id),
  constraint webhooks_disabled_reason_needs_inactive check (disabled_reason is null or not is_active)
);
comment on table public.webhooks is 'Addresses that are called when a batch or job of the tenant has ended or waits for somebody, or a budget is used up.';
comment on column public.webhooks.disabled_reason is 'Why it was switched off, where nobody did it: its server said that it is gone.';
create index webhooks_created_by on public.webhooks (created_by);
create trigger touch before update on public.webhooks for each row execute function private.touch();

alter table public.webhooks enable row level security;
create policy "Admins read their tenant's webhooks" on public.webhooks
for select to authenticated using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));
grant select on public.webhooks to authenticated;
grant select, insert, update, delete on public.webhooks to service_role;

create table private.webhook_senders (
  webhook_id uuid primary key references public.webhooks (id) on delete cascade,
  secret text not null,
  old_secret text,
  old_until timestamptz,
  failure_count int not null default 0,
  next_at timestamptz
) with (fillfactor = 50);
comment on table private.webhook_senders is 'What the sender knows of a webhook: its secret, which nobody else reads, and when to look at it.';
comment on column private.webhook_senders.old_secret is 'The one before, with which is signed too until old_until.';
comment on column private.webhook_senders.failure_count is 'Failures since it last answered well: one that fails is tried with one delivery at a time.';
comment on column private.webhook_senders.next_at is 'When there is something to be sent; null for nothing. So a webhook that fails makes no other wait.';
create index webhook_senders_next_at on private.webhook_senders (next_at) where next_at is not null;

create table private.webhook_deliveries (
  id uuid primary key default private.uuid_v7(),
  webhook_id uuid not null references public.webhooks (id) on delete cascade,
  event text not null,
  payload jsonb not null,
  status text not null default 'pending' check (status in ('pending', 'delivered', 'dead')),
  attempt_count int not null default 0,
  next_at timestamptz not null default now(),
  response_status int,
  last_error text,
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  constraint webhook_deliveries_ended_has_ended_at check ((status = 'pending') = (ended_at is null))
);
comment on table private.webhook_deliveries is 'What webhooks are told or were told, kept for as long as private.retention says. The id stays the same over retries.';
comment on column private.webhook_deliveries.status is 'pending: to be sent; delivered: answered with a 2xx; dead: given up.';
comment on column private.webhook_deliveries.next_at is 'Not before this: the end of a backoff, or of the time that whoever took it has to say how it went.';
create index webhook_deliveries_webhook_id on private.webhook_deliveries (webhook_id, id);
create index webhook_deliveries_pending on private.webhook_deliveries (webhook_id, next_at) where status = 'pending';

create function private.queue_callback(p_tenant_id uuid, p_event text, p_data jsonb, p_webhook_id uuid default null)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_webhook_id uuid;
begin
  for v_webhook_id in
    select w.id from public.webhooks as w
    where w.tenant_id = p_tenant_id and w.is_active and (w.id = p_webhook_id or p_event = any(w.events))
    order by w.id
  loop
    insert into private.webhook_deliveries (webhook_id, event, payload)
    values (v_webhook_id, p_event, jsonb_build_object('type', p_event, 'timestamp', now(), 'data', p_data));
    -- Always, so that its row is waited for: whoever is just counting what is to be sent does not see ours.
    update private.webhook_senders
    set next_at = case when failure_count > 0 then coalesce(next_at, now()) else least(next_at, now()) end
    where webhook_id = v_webhook_id;
  end loop;
end
$$;
comment on function private.queue_callback(uuid, text, jsonb, uuid) is
  'Writes down what the webhooks of a tenant that ask for an event, or one of them, are to be told. One row is looked at where there is none.';

create function private.queue_batch_callbacks()
returns trigger
language plpgsql
-- definer: whoever changes a batch may not write what webhooks are told.
security definer
set search_path = ''
as $$
begin
  if exists (select from public.webhooks as w where w.tenant_id = new.tenant_id) then
    perform private.queue_callback(new.tenant_id, tg_argv[0], private.live_batch(new)
      || case when tg_argv[0] = 'batch.waiting' then jsonb_build_object('waiting_count', (
        select count(*) from public.generation_jobs as j
        where j.tenant_id = new.tenant_id and j.batch_id = new.id and j.paused_after is not null and j.completed_at is null))
      else '{}' end);
  end if;
  return null;
end
$$;
comment on function private.queue_batch_callbacks() is 'Tells the webhooks of its tenant that a batch has ended, or waits for somebody. Argument: the event.';

create function private.queue_job_callbacks()
returns trigger
language plpgsql
-- definer: whoever changes a job may not write what webhooks are told.
security definer
set search_path = ''
as $$
begin
  if exists (select from public.webhooks as w where w.tenant_id = new.tenant_id) then
    perform private.queue_callback(new.tenant_id, tg_argv[0], private.live_job(new));
  end if;
  return null;
end
$$;
comment on function private.queue_job_callbacks() is 'Tells the webhooks of its tenant that a job has ended, or waits for somebody. Argument: the event.';

create trigger queue_callbacks after update on public.batches
for each row when (new.status <> old.status and new.completed_at is not null) execute function private.queue_batch_callbacks('batch.ended');
create trigger queue_waiting_callbacks after update on public.batches
for each row when (new.waiting_at is distinct from old.waiting_at) execute function private.queue_batch_callbacks('batch.waiting');
create trigger queue_callbacks after update on public.generation_jobs
for each row when (new.status <> old.status and new.completed_at is not null) execute function private.queue_job_callbacks('job.ended');
create trigger queue_waiting_callbacks after update on public.generation_jobs
for each row when (new.paused_after is not null and old.paused_after is null) execute function private.queue_job_callbacks('job.waiting');

create function private.look_again(p_webhook_id uuid)
returns void
language sql
set search_path = ''
as $$
  -- Locked first: what others have written until then is seen only by the next statement.
  select from private.webhook_senders where webhook_id = p_webhook_id for update;
  update private.webhook_senders as s
  set next_at = (
    select greatest(min(d.next_at), case when s.failure_count > 0 then now() + least(s.failure_count, 12) * interval '5 seconds' end)
    from private.webhook_deliveries as d where d.webhook_id = p_webhook_id and d.status = 'pending'
  )
  where s.webhook_id = p_webhook_id
$$;
comment on function private.look_again(uuid) is 'Sets when a webhook is looked at next, by what it is still to be told; one that fails not for a while.';

create function private.take_deliveries(p_limit int)
returns jsonb
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
as $$
declare
  v_sender private.webhook_senders;
  v_taken jsonb := '[]';
begin
  for v_sender in
    select s.* from private.webhook_senders as s where s.next_at <= now() order by s.next_at limit p_limit for update skip locked
  loop
    exit when jsonb_array_length(v_taken) >= p_limit;
    with due as (
      select d.id from private.webhook_deliveries as d
      where d.webhook_id = v_sender.webhook_id and d.status = 'pending' and d.next_at <= now()
      order by d.next_at
      limit case when v_sender.failure_count > 0 then 1 else least(4, p_limit - jsonb_array_length(v_taken)) end
    ), taken as (
      update private.webhook_deliveries as d
      -- Who has taken it may die: then it is sent again.
      set attempt_count = d.attempt_count + 1, next_at = now() + interval '2 minutes'
      from due where d.id = due.id
      returning d.id, d.payload, d.created_at
    )
    select v_taken || coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'url', w.url, 'payload', t.payload::text,
      'secrets', array_remove(array[v_sender.secret, case when v_sender.old_until > now() then v_sender.old_secret end], null))), '[]')
    into v_taken
    from taken as t
    join public.webhooks as w on w.id = v_sender.webhook_id;
    perform private.look_again(v_sender.webhook_id);
  end loop;
  return jsonb_build_object('deliveries', v_taken, 'may_be_private', (select s.private_callbacks from private.settings as s));
end
$$;
comment on function private.take_deliveries(int) is
  'Gives out what is to be sent, with the secrets to sign it: {deliveries: [{id, url, payload, secrets}], may_be_private}. A few of each webhook, so '
  'that none makes others wait. What is not settled within two minutes is given out again.';

create function private.settle_delivery(p_id uuid, p_response_status int, p_error text, p_retry_after_s float8)
returns text
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
as $$
declare
  v_delays constant interval [] := '{5 seconds,1 minute,5 minutes,30 minutes,2 hours,5 hours,10 hours,14 hours,20 hours}';
  v_is_good boolean := coalesce(p_response_status between 200 and 299, false);
  v_delivery private.webhook_deliveries;
  v_status text;
begin
  select * into v_delivery from private.webhook_deliveries where id = p_id and status = 'pending' for update;
  if not found then
    return 'settled';
  end if;
  v_status := case when v_is_good then 'delivered'
    when p_response_status = 410 or v_delivery.attempt_count > cardinality(v_delays) then 'dead' else 'pending' end;
  update private.webhook_deliveries
  set status = v_status, response_status = p_response_status, last_error = left(p_error, 500),
    ended_at = case when v_status <> 'pending' then now() end,
    -- Spread by a fifth, so that what failed together does not come back together.
    next_at = coalesce(now() + greatest(v_delays[v_delivery.attempt_count] * (0.9 + random() * 0.2),
      make_interval(secs => least(p_retry_after_s, 86400))), next_at)
  where id = p_id;
  update private.webhook_senders set failure_count = case when v_is_good then 0 else failure_count + 1 end
  where webhook_id = v_delivery.webhook_id;
  if p_response_status = 410 then
    perform private.switch_off(v_delivery.webhook_id, 'Its server answered 410: it is gone.');
  end if;
  perform private.look_again(v_delivery.webhook_id);
  return v_status;
end
$$;
comment on function private.settle_delivery(uuid, int, text, float8) is
  'Notes how a delivery went: delivered (2xx), pending (again later: nine times over three days), or dead. 410 switches the webhook off. Returns which.';

create function private.switch_off(p_webhook_id uuid, p_reason text)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.webhooks set is_active = false, disabled_reason = p_reason where id = p_webhook_id;
  update private.webhook_deliveries
  set status = 'dead', ended_at = now(), last_error = coalesce(last_error, 'The webhook was switched off.')
  where webhook_id = p_webhook_id and status = 'pending';
end
$$;
comment on function private.switch_off(uuid, text) is 'A webhook that is told nothing any more; what it was still to be told can be sent again by hand.';

grant execute on function private.take_deliveries(int), private.settle_delivery(uuid, int, text, float8) to cliprow_worker;
