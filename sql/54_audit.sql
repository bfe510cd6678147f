-- Triggers that write down what users and operators change. What workers do to tasks, jobs and batches is in job_events.

create function private.door()
returns text
language sql
stable
set search_path = ''
as $$
  select case
    when private.claims() ? 'schedule_id' then 'schedule'
    when coalesce(current_setting('cliprow.door', true), '') <> '' then current_setting('cliprow.door')
    when session_user = 'authenticator' then 'data_api'
    when session_user = 'supabase_auth_admin' then 'auth'
    when session_user = 'cliprow_api' then 'rest'
    when session_user = 'cliprow_worker' then 'worker'
    else 'sql' end
$$;
comment on function private.door() is
  'Which way the caller came. Our API, commands and ticker say so in the setting cliprow.door; others are known by whom they logged in as.';

create function private.actor_role(p_tenant_id uuid)
returns text
language sql
stable
set search_path = ''
as $$
  select coalesce(
    (select m.role from public.memberships as m where m.user_id = private.user_id() and m.tenant_id = p_tenant_id),
    nullif(private.claims() ->> 'role', ''), nullif(nullif(current_setting('role'), 'none'), ''), session_user::text)
$$;
comment on function private.actor_role(uuid) is 'The caller''s role in a tenant; of who has none the role of the database.';

create function private.is_secret(p_name text)
returns boolean
language sql
immutable
set search_path = ''
return p_name ~* '(secret|token|password|passwd|api_?key|credential|authorization|private_key)';
comment on function private.is_secret(text) is 'Whether a value of this name may be a secret.';

create function private.shown(p_name text, p_value jsonb)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case
    when p_value is null or p_value = 'null' then 'null'
    when private.is_secret(p_name) then '"(secret)"'
    -- Addresses may carry passwords and keys.
    when p_name = 'url' then to_jsonb(regexp_replace(p_value #>> '{}', '^(\w+://)([^/?#@]*@)?([^/?#]*).*$', '\1\3/...'))
    when octet_length(p_value::text) > 2000 then jsonb_build_object('bytes', octet_length(p_value::text))
    when jsonb_typeof(p_value) = 'object' then (
      select coalesce(jsonb_object_agg(e.key, private.shown(e.key, e.value)), '{}') from jsonb_each(p_value) as e)
    when jsonb_typeof(p_value) = 'array' then (
      select coalesce(jsonb_agg(private.shown(p_name, e.value)), '[]') from jsonb_array_elements(p_value) as e)
    else p_value end;
end
$$;
comment on function private.shown(text, jsonb) is 'A value as an audit may keep it: without what may be secret, and of what is long only the size.';

create function private.changed_columns(p_old jsonb, p_new jsonb, p_ignored text [])
returns text []
language sql
immutable
set search_path = ''
return array(
  select k from jsonb_object_keys(coalesce(p_old, '{}') || coalesce(p_new, '{}')) as k
  where k <> all(p_ignored) and k not in ('version', 'updated_at')
    and (p_old is null or p_new is null or p_old -> k is distinct from p_new -> k)
  order by k
);
comment on function private.changed_columns(jsonb, jsonb, text []) is 'The columns in which two rows differ, all of one where there is no other.';

create function private.columns_shown(p_row jsonb, p_columns text [])
returns jsonb
language sql
immutable
set search_path = ''
return (
  select coalesce(jsonb_object_agg(c, private.shown(c, p_row -> c)), '{}')
  from unnest(p_columns) as c where p_row -> c is not null and p_row -> c <> 'null'
);
comment on function private.columns_shown(jsonb, text []) is 'Some columns of a row as an audit may keep them; empty ones are left out.';

create function private.meaning_of(p_action text, p_entity text, p_old jsonb, p_new jsonb, p_columns text [])
returns text
language sql
immutable
set search_path = ''
return case
  when p_action <> 'update' then case when p_entity = 'discarded_letters' and p_action = 'insert' then 'discard' else p_action end
  when 'stop_requested_at' = any(p_columns) then 'stop'
  when 'is_draining' = any(p_columns) then case when p_new -> 'is_draining' = 'true' then 'drain' else 'undrain' end
  when p_new ->> 'status' = 'cancelled' and p_old ->> 'status' <> 'cancelled' then 'cancel'
  when 'generation' = any(p_columns) then 'retry'
  when 'deleted_at' = any(p_columns) then case when p_new ->> 'deleted_at' is null then 'restore' else 'delete' end
  when 'paused_at' = any(p_columns) then case
    when p_new ->> 'paused_at' is null then 'resume' when p_old ->> 'paused_at' is null then 'pause' else 'update' end
  when 'secret' = any(p_columns) then 'rotate_secret'
  else 'update' end;
comment on function private.meaning_of(text, text, jsonb, jsonb, text []) is 'What a change of a row means to people.';

create function private.ready_audit()
returns void
language plpgsql
set search_path = ''
as $$
begin
  -- The ticker makes months ahead; where none ran for months, nobody may be kept from working by that.
  if to_regclass(format('partitions.audit_events_%s', to_char(now() at time zone 'UTC', 'YYYY_MM'))) is null then
    perform private.ensure_month(now());
  end if;
end
$$;
comment on function private.ready_audit() is 'Makes sure that the audit has a leaf for now.';

create function private.audit(
  p_tenant_id uuid, p_action text, p_entity text, p_entity_id text, p_before jsonb, p_after jsonb
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.ready_audit();
  insert into public.audit_events (tenant_id, user_id, role, door, action, entity, entity_id, before, after)
  values (p_tenant_id, private.user_id(), private.actor_role(p_tenant_id), private.door(), p_action, p_entity, p_entity_id,
    coalesce(p_before, '{}'), coalesce(p_after, '{}'));
end
$$;
comment on function private.audit(uuid, text, text, text, jsonb, jsonb) is 'Writes down what the caller did to a row.';

create function private.audit_row()
returns trigger
language plpgsql
-- definer: whoever changes a row may not write the audit.
security definer
set search_path = ''
as $$
declare
  v_old jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  v_new jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
  v_row jsonb := coalesce(v_new, v_old);
  v_columns text [] := private.changed_columns(v_old, v_new, string_to_array(tg_argv[1], ','));
  -- What a row is found by, in the order in which a key is put together.
  v_key text := (select string_agg(v_row ->> k, '/' order by p) from unnest(string_to_array(tg_argv[0], ',')) with ordinality as u (k, p));
begin
  -- What goes with a purged tenant goes unsaid: its columns would outlive it here.
  if v_columns <> '{}' and coalesce(current_setting('cliprow.purged_tenant', true), '') = '' then
    perform private.audit(
      case when tg_table_name = 'tenants' then (v_row ->> 'id')::uuid else (v_row ->> 'tenant_id')::uuid end,
      private.meaning_of(lower(tg_op), tg_table_name, v_old, v_new, v_columns), tg_table_name, v_key,
      private.columns_shown(v_old, v_columns), private.columns_shown(v_new, v_columns));
  end if;
  return null;
end
$$;
comment on function private.audit_row() is
  'Writes down a change of a row. Arguments: the columns of its key, and those whose changes nobody made, both separated by commas.';

create function private.audit_secret()
returns trigger
language plpgsql
-- definer: whoever changes a row may not write the audit.
security definer
set search_path = ''
as $$
begin
  perform private.audit((select w.tenant_id from public.webhooks as w where w.id = new.webhook_id), 'rotate_secret', 'webhooks',
    new.webhook_id::text, '{}', '{}');
  return null;
end
$$;
comment on function private.audit_secret() is 'Writes down that a webhook was given another secret; never the secret.';

create function private.audit_jobs()
returns trigger
language plpgsql
-- definer: whoever changes a row may not write the audit.
security definer
set search_path = ''
as $$
declare
  v_columns constant text [] := '{status,generation,paused_at,paused_by,paused_after,lane,topic,platforms,params,deadline}';
begin
  perform private.ready_audit();
  insert into public.audit_events (tenant_id, user_id, role, door, action, entity, entity_id, before, after)
  select c.tenant_id, private.user_id(), private.actor_role(c.tenant_id), private.door(), c.action,
    'generation_jobs', case when c.count <= 20 then c.id::text end,
    case when c.count <= 20 then private.columns_shown(c.old_row, c.columns) else '{}' end,
    case when c.count <= 20 then private.columns_shown(c.new_row, c.columns) else '{}' end
      || jsonb_build_object('batch_id', c.batch_id) || case when c.count > 20 then jsonb_build_object('jobs', c.count) else '{}' end
  from (
    select n.tenant_id, n.batch_id, n.id, m.action, d.columns, o.row as old_row, w.row as new_row,
      count(*) over (partition by n.batch_id, m.action) as count, row_number() over (partition by n.batch_id, m.action) as place
    from new_rows as n
    join old_rows as b on b.id = n.id
    cross join lateral (select to_jsonb(b) as row) as o
    cross join lateral (select to_jsonb(n) as row) as w
    cross join lateral (
      select array(select k from unnest(v_columns) as k where o.row -> k is distinct from w.row -> k) as columns) as d
    cross join lateral (select private.meaning_of('update', 'generation_jobs', o.row, w.row, d.columns) as action) as m
    where (n.status = 'cancelled' and b.status <> 'cancelled') or n.generation <> b.generation
      or (n.paused_at, n.lane, n.topic, n.platforms, n.params, n.deadline)
      is distinct from (b.paused_at, b.lane, b.topic, b.platforms, b.params, b.deadline)
  ) as c
  where c.count <= 20 or c.place = 1;
  return null;
end
$$;
comment on function private.audit_jobs() is
  'Writes down that jobs were paused, resumed, cancelled, retried or changed: each of up to 20 of a batch, of more one entry with their number.';

create function private.audit_tasks(p_action text, p_job_ids uuid [], p_task_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.ready_audit();
  insert into public.audit_events (tenant_id, user_id, role, door, action, entity, entity_id, after)
  select t.tenant_id, private.user_id(), private.actor_role(t.tenant_id), private.door(), p_action, 'stage_tasks',
    t.job_id || '/' || t.id, jsonb_build_object('stage', t.stage, 'status', t.status, 'batch_id', t.batch_id)
  from public.stage_tasks as t where t.job_id = any(p_job_ids) and t.id = any(p_task_ids);
end
$$;
comment on function private.audit_tasks(text, uuid [], uuid []) is 'Writes down what was done to tasks by name.';

create function private.refuse_change()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  raise exception 'The audit is only added to.' using errcode = 'CR004', hint = 'Set in private.retention how long it is kept.';
end
$$;
comment on function private.refuse_change() is 'Refuses changes of what is only added to.';
create trigger refuse_change before update or delete on public.audit_events for each row execute function private.refuse_change();

create type private.audit_filter as (
  tenant_id uuid, user_id uuid, entity text, entity_id text, action text, door text, since timestamptz, until timestamptz
);
comment on type private.audit_filter is 'Which entries of the audit are meant; what is null is not asked for.';

create function private.audit_entries(p_filter private.audit_filter, p_before uuid, p_count int)
returns jsonb
language plpgsql
stable
set search_path = ''
-- What is not asked for drops out of the query when it is planned.
set plan_cache_mode = 'force_custom_plan'
as $$
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(r) order by r.id desc), '[]')
    from (
      select a.* from public.audit_events as a
      where (p_filter.tenant_id is null or a.tenant_id = p_filter.tenant_id)
        and (p_filter.user_id is null or a.user_id = p_filter.user_id)
        and (p_filter.entity is null or a.entity = p_filter.entity)
        and (p_filter.entity_id is null or a.entity_id = p_filter.entity_id)
        and (p_filter.action is null or a.action = p_filter.action)
        and (p_filter.door is null or a.door = p_filter.door)
        and (p_filter.since is null or (a.id >= private.uuid_at(p_filter.since) and a.created_at >= p_filter.since))
        and (p_filter.until is null or (a.id < private.uuid_at(p_filter.until + interval '1 minute') and a.created_at < p_filter.until))
        and (p_before is null or a.id < p_before)
      order by a.id desc
      limit least(coalesce(p_count, 50), 501)
    ) as r
  );
end
$$;
comment on function private.audit_entries(private.audit_filter, uuid, int) is 'Entries of the audit by a filter, the newest first, those before an id.';

create function public.list_audit(
  user_id uuid default null, entity text default null, entity_id text default null, action text default null, door text default null,
  since timestamptz default null, until timestamptz default null, before uuid default null, count int default 50
)
returns jsonb
language plpgsql
stable
-- definer: calls what users may not; it asks for the caller's tenant and role itself.
security definer
set search_path = ''
as $$
declare
  v_tenant_id uuid := private.acting_tenant_id();
begin
  if not private.has_role('admin') then
    raise exception 'Your role does not allow you to read the audit.' using errcode = 'CR003', hint = 'Ask an admin or owner of the tenant.';
  end if;
  return private.audit_entries(row(v_tenant_id, list_audit.user_id, list_audit.entity, list_audit.entity_id, list_audit.action,
    list_audit.door, list_audit.since, list_audit.until)::private.audit_filter, list_audit.before, list_audit.count);
end
$$;
comment on function public.list_audit(uuid, text, text, text, text, timestamptz, timestamptz, uuid, int) is
  'Who did what to which row of the caller''s tenant, when, through which door, newest first; for admins and owners: [{id, tenant_id, user_id, role, '
  'door, action, entity, entity_id, before, after, created_at}]. Raises CR003.';
grant execute on function public.list_audit(uuid, text, text, text, text, timestamptz, timestamptz, uuid, int) to authenticated;

create function private.find_audit(p_filter jsonb, p_before uuid default null, p_count int default 50)
returns jsonb
language sql
stable
-- definer: for operators, whose role may not read the table.
security definer
set search_path = ''
as $$
  select private.audit_entries(jsonb_populate_record(null::private.audit_filter, p_filter), p_before, p_count)
$$;
comment on function private.find_audit(jsonb, uuid, int) is
  'For operators: as list_audit, over all tenants, by {tenant_id, user_id, entity, entity_id, action, door, since, until}.';
grant execute on function private.find_audit(jsonb, uuid, int) to service_role, cliprow_api;
