-- What admins call to have their addresses called.

create function private.webhook_to_control(p_webhook_id uuid)
returns public.webhooks
language plpgsql
set search_path = ''
as $$
declare
  v_webhook public.webhooks;
  v_tenant_id uuid := private.acting_tenant_id();
begin
  if not private.has_role('admin') then
    raise exception 'Your role does not allow you to control webhooks.' using errcode = 'CR003', hint = 'Ask an admin or owner.';
  end if;
  select w.* into v_webhook from public.webhooks as w where w.id = p_webhook_id and w.tenant_id = v_tenant_id for no key update;
  if not found and p_webhook_id is not null then
    raise exception 'There is no webhook %.', p_webhook_id
      using errcode = 'CR002', hint = 'List the webhooks, and use the id of one of them.';
  end if;
  v_webhook.tenant_id := v_tenant_id;
  return v_webhook;
end
$$;
comment on function private.webhook_to_control(uuid) is 'The webhook, locked, if the caller is an admin of its tenant, or an empty one for null; raises CR002 or CR003.';

create function private.url_problem(p_url text)
returns text
language sql
stable
set search_path = ''
as $$
  select case
    when p_url is null or length(p_url) > 2000
      or p_url !~ '^https?://([A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[!-~]*)?(\?[!-~]*)?$'
      or p_url ~ '#' then 'is not an address like https://example.com/cliprow'
    when not s.private_callbacks and p_url !~ '^https://' then 'is not https'
  end
  from private.settings as s
$$;
comment on function private.url_problem(text) is 'What is wrong with the address of a webhook; null when nothing is. Where it leads to is checked when it is called.';

create function private.webhook_with(p_webhook public.webhooks, p_changes jsonb)
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
        or not c.value <@ '["batch.ended", "batch.waiting", "job.ended", "job.waiting", "budget.warned", "budget.exceeded"]'
        then 'is not a list of batch.ended, batch.waiting, job.ended, job.waiting, budget.warned and budget.exceeded' end
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

create function private.new_secret()
returns text
language sql
volatile
set search_path = ''
return 'whsec_' || encode(decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'), 'base64');
comment on function private.new_secret() is 'A secret to sign with: 32 bytes, as Standard Webhooks writes them.';

create function private.told_webhook(p_webhook_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select to_jsonb(w) - 'tenant_id' from public.webhooks as w where w.id = p_webhook_id
$$;
comment on function private.told_webhook(uuid) is 'A webhook as those who control it are told of it, without its secret.';

create function public.create_webhook(webhook jsonb)
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
  'Has an address called when something ends or waits for somebody: {url, events: [batch.ended, batch.waiting, job.ended, job.waiting, budget.warned, '
  'budget.exceeded], description?, is_active?}; for admins and owners. Returns the webhook with its secret, which is told this once. Raises CR001, CR003 or CR004.';

create function public.change_webhook(webhook_id uuid, changes jsonb)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
declare
  v_webhook public.webhooks := private.webhook_with(
    private.webhook_to_control(change_webhook.webhook_id), coalesce(change_webhook.changes, '{}'));
begin
  update public.webhooks as w
  set url = v_webhook.url, events = v_webhook.events, description = v_webhook.description, is_active = v_webhook.is_active,
    disabled_reason = case when not v_webhook.is_active then w.disabled_reason end
  where w.id = v_webhook.id;
  if not v_webhook.is_active then
    perform private.switch_off(v_webhook.id, null);
  end if;
  update private.webhook_senders as s set failure_count = 0 where s.webhook_id = v_webhook.id;
  perform private.look_again(v_webhook.id);
  return private.told_webhook(v_webhook.id);
end
$$;
comment on function public.change_webhook(uuid, jsonb) is
  'Changes fields of a webhook, as create_webhook takes them; those left out stay. Returns the webhook. Raises CR001, CR002 or CR003.';

create function public.delete_webhook(webhook_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
declare
  v_webhook public.webhooks := private.webhook_to_control(delete_webhook.webhook_id);
begin
  delete from public.webhooks as w where w.id = v_webhook.id;
  return jsonb_build_object('webhook_id', v_webhook.id);
end
$$;
comment on function public.delete_webhook(uuid) is 'Removes a webhook and what it was told. Returns {webhook_id}. Raises CR002 or CR003.';

create function public.rotate_webhook_secret(webhook_id uuid)
returns jsonb
language plpgsql
-- definer: nobody reads the secrets; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
declare
  v_webhook public.webhooks := private.webhook_to_control(rotate_webhook_secret.webhook_id);
  v_secret text := private.new_secret();
begin
  update private.webhook_senders as s set old_secret = s.secret, old_until = now() + interval '1 day', secret = v_secret
  where s.webhook_id = v_webhook.id;
  return jsonb_build_object('webhook_id', v_webhook.id, 'secret', v_secret);
end
$$;
comment on function public.rotate_webhook_secret(uuid) is
  'Gives a webhook another secret; for a day it is signed with the old one too. Returns {webhook_id, secret}. Raises CR002 or CR003.';

create function public.test_webhook(webhook_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write deliveries; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
declare
  v_webhook public.webhooks := private.webhook_to_control(test_webhook.webhook_id);
begin
  if not v_webhook.is_active then
    raise exception 'The webhook is switched off.' using errcode = 'CR004', hint = 'Switch it on first.';
  end if;
  perform private.queue_callback(v_webhook.tenant_id, 'webhook.test', '{}', v_webhook.id);
  return jsonb_build_object('webhook_id', v_webhook.id);
end
$$;
comment on function public.test_webhook(uuid) is 'Calls a webhook with an event webhook.test. Returns {webhook_id}. Raises CR002, CR003 or CR004.';

create function public.list_webhook_deliveries(
  webhook_id uuid, status text default null, before uuid default null, count int default 50
)
returns jsonb
language plpgsql
-- definer: users may not read what others are told; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
declare
  v_webhook public.webhooks := private.webhook_to_control(list_webhook_deliveries.webhook_id);
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(r) order by r.id desc), '[]')
    from (
      select d.id, d.event, d.payload, d.status, d.attempt_count, d.response_status, d.last_error, d.created_at, d.ended_at,
        case when d.status = 'pending' then d.next_at end as next_at
      from private.webhook_deliveries as d
      where d.webhook_id = v_webhook.id
        and (list_webhook_deliveries.status is null or d.status = list_webhook_deliveries.status)
        and (list_webhook_deliveries.before is null or d.id < list_webhook_deliveries.before)
      order by d.id desc
      limit least(coalesce(list_webhook_deliveries.count, 50), 201)
    ) as r
  );
end
$$;
comment on function public.list_webhook_deliveries(uuid, text, uuid, int) is
  'What a webhook was told in the last 30 days and how it answered, newest first, those before an id: [{id, event, payload, status, attempt_count, '
  'response_status, last_error, created_at, ended_at, next_at}]. Raises CR002 or CR003.';

create function public.redeliver(webhook_id uuid, delivery_id uuid default null)
returns jsonb
language plpgsql
-- definer: users may not write deliveries; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
declare
  v_webhook public.webhooks := private.webhook_to_control(redeliver.webhook_id);
  v_count int;
begin
  if not v_webhook.is_active then
    raise exception 'The webhook is switched off.' using errcode = 'CR004', hint = 'Switch it on first.';
  end if;
  update private.webhook_deliveries as d
  set status = 'pending', attempt_count = 0, next_at = now(), ended_at = null
  where d.webhook_id = v_webhook.id and case when redeliver.delivery_id is null then d.status = 'dead' else d.id = redeliver.delivery_id end;
  get diagnostics v_count = row_count;
  if v_count = 0 and redeliver.delivery_id is not null then
    raise exception 'The webhook has no delivery %.', redeliver.delivery_id
      using errcode = 'CR002', hint = 'List its deliveries, and use the id of one of them.';
  end if;
  update private.webhook_senders as s set failure_count = 0 where s.webhook_id = v_webhook.id;
  perform private.look_again(v_webhook.id);
  return jsonb_build_object('webhook_id', v_webhook.id, 'deliveries', v_count);
end
$$;
comment on function public.redeliver(uuid, uuid) is
  'Sends again what a webhook was told, whatever it answered; without a delivery all that was given up. Returns {webhook_id, deliveries}. Raises '
  'CR002, CR003 or CR004.';

grant execute on function
public.create_webhook(jsonb), public.change_webhook(uuid, jsonb), public.delete_webhook(uuid), public.rotate_webhook_secret(uuid),
public.test_webhook(uuid), public.list_webhook_deliveries(uuid, text, uuid, int), public.redeliver(uuid, uuid)
to authenticated;
