-- Deleted tenants: out at once, and purged later.
--
--   delete_tenant ── members out, channels closed, work withdrawn ──> deleted ── private.retention: deleted_tenants ──>
--   rows removed, in chunks ──> files listed, and removed by the workers through the Storage API ──> row of the tenant gone
--
-- Until the purge an operator can restore it. What stays: a tombstone, and the audit, for as long as private.retention says.

create table private.tombstones (
  tenant_id uuid primary key,
  name text not null,
  deleted_at timestamptz not null default now(),
  deleted_by uuid,
  row_count bigint not null default 0,
  purged_at timestamptz
);
comment on table private.tombstones is 'Tenants that were deleted, while they can be restored and after that. Without foreign keys, so that they outlive all else.';
comment on column private.tombstones.deleted_by is 'The owner who did it; null for an operator.';
comment on column private.tombstones.row_count is
  'Rows that the purge has removed so far, without those that went with them, and files that it has listed for removal.';
comment on column private.tombstones.purged_at is 'When nothing of it was left; null while there is.';
create index tombstones_open on private.tombstones (deleted_at) where purged_at is null;

insert into private.retention (kind, keep_for, about) values
('deleted_tenants', '7 days', 'Tenants that were deleted, with all their rows and files: until then an operator can restore them.'),
('tombstones', '730 days', 'That there were tenants which are purged.');

create function private.end_tenant(p_tenant_id uuid)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_tenant public.tenants;
  v_count int;
begin
  perform private.lock_tenant(p_tenant_id);
  -- Policies ask for a tenant that is not deleted, and live topics carry the epoch: everybody is out with this statement.
  update public.tenants as t set deleted_at = now(), epoch = t.epoch + 1
  where t.id = p_tenant_id and t.deleted_at is null
  returning t.* into v_tenant;
  if not found then
    raise exception 'There is no tenant %.', p_tenant_id
      using errcode = 'CR002', hint = 'Look at its id; one that is deleted already cannot be deleted again.';
  end if;
  insert into private.tombstones (tenant_id, name, deleted_by) values (p_tenant_id, v_tenant.name, private.user_id())
  on conflict (tenant_id) do update
  set name = excluded.name, deleted_at = excluded.deleted_at, deleted_by = excluded.deleted_by, purged_at = null;
  v_count := private.withdraw_open(p_tenant_id);
  perform private.release();
  return jsonb_build_object('tenant_id', p_tenant_id, 'name', v_tenant.name, 'deleted_at', v_tenant.deleted_at,
    'changed_jobs', v_count, 'remaining_jobs', private.open_job_count(p_tenant_id),
    'purged_from', v_tenant.deleted_at + (select r.keep_for from private.retention as r where r.kind = 'deleted_tenants'));
end
$$;
comment on function private.end_tenant(uuid) is
  'Deletes a tenant softly: members are out and channels closed at once, and its work is withdrawn; what does not fit into this call starts nothing, and '
  'is withdrawn by the purge. Raises CR002.';

create function public.delete_tenant(tenant_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and role itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
begin
  if delete_tenant.tenant_id is distinct from private.acting_tenant_id() then
    raise exception 'You do not act in the tenant %.', delete_tenant.tenant_id
      using errcode = 'CR002', hint = 'Switch to it first, if you are one of its owners.';
  elsif not private.has_role('owner') then
    raise exception 'Your role does not allow you to delete the tenant.' using errcode = 'CR003', hint = 'Ask an owner of the tenant.';
  end if;
  return private.end_tenant(delete_tenant.tenant_id);
end
$$;
comment on function public.delete_tenant(uuid) is
  'Deletes the tenant that the caller, one of its owners, acts in. Everybody is out at once, live channels end, work is withdrawn; rows and files are '
  'removed after the time that private.retention gives (7 days), until when an operator can restore it. Returns {tenant_id, name, deleted_at, '
  'changed_jobs, remaining_jobs, purged_from}. Raises CR002 or CR003.';
grant execute on function public.delete_tenant(uuid) to authenticated;

create function private.delete_any_tenant(p_tenant_id uuid)
returns jsonb
language plpgsql
-- definer: for operators, whose role may not write the rows.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
begin
  return private.end_tenant(p_tenant_id);
end
$$;
comment on function private.delete_any_tenant(uuid) is 'For operators: as delete_tenant, for any tenant. Raises CR002.';

create function private.restore_tenant(p_tenant_id uuid)
returns jsonb
language plpgsql
-- definer: for operators, whose role may not write the rows.
security definer
set search_path = ''
as $$
declare
  v_tenant public.tenants;
begin
  perform private.lock_tenant(p_tenant_id);
  if exists (select from private.tombstones as d where d.tenant_id = p_tenant_id and d.row_count > 0) then
    raise exception 'The purge of the tenant % has begun.', p_tenant_id
      using errcode = 'CR004', hint = 'What is left of it can only be had from a backup.';
  end if;
  update public.tenants as t set deleted_at = null where t.id = p_tenant_id and t.deleted_at is not null returning t.* into v_tenant;
  if not found then
    raise exception 'There is no deleted tenant %.', p_tenant_id using errcode = 'CR002', hint = 'List the deleted ones, and use the id of one of them.';
  end if;
  delete from private.tombstones as d where d.tenant_id = p_tenant_id;
  perform private.release();
  return jsonb_build_object('tenant_id', v_tenant.id, 'name', v_tenant.name);
end
$$;
comment on function private.restore_tenant(uuid) is
  'For operators: brings back a deleted tenant whose purge has not begun, with its members; its work stays withdrawn. Raises CR002 or CR004.';

create function private.list_deleted_tenants()
returns setof private.tombstones
language sql
stable
-- definer: for operators, whose role may not read the table.
security definer
set search_path = ''
as $$
  select * from private.tombstones order by deleted_at desc, tenant_id limit 1000
$$;
comment on function private.list_deleted_tenants() is 'For operators: the 1,000 tenants deleted last, and how far their purge is.';

create function private.tables_of_tenants()
returns table (name text, key text [])
language sql
stable
set search_path = ''
as $$
  select format('%I.%I', n.nspname, c.relname), (
    select array_agg(k.attname::text order by k.attnum)
    from pg_catalog.pg_index as i
    join pg_catalog.pg_attribute as k on k.attrelid = i.indrelid and k.attnum = any(i.indkey)
    where i.indrelid = c.oid and i.indisprimary
  )
  from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace and n.nspname in ('public', 'private')
  join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
  where c.relkind in ('r', 'p') and not c.relispartition
    -- What outlives a tenant; and members, who go with its own row.
    and (n.nspname, c.relname) not in (
      ('public', 'audit_events'), ('public', 'memberships'), ('private', 'tombstones'), ('private', 'condemned_files'), ('private', 'access_denials'))
  -- Those that others go with come last, so that no statement removes more than its share.
  order by array_position('{artifacts,batches,scripts,projects}', c.relname::text) nulls first, c.relname
$$;
comment on function private.tables_of_tenants() is
  'Tables with rows of tenants that are purged with them, and the columns of their keys, in the order in which they are emptied.';

create function private.purge_rows(p_tenant_id uuid, p_limit int)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_job_ids uuid [] := array(select j.id from public.generation_jobs as j where j.tenant_id = p_tenant_id order by j.id limit least(p_limit, 200));
  v_count int;
  v_table record;
begin
  if v_job_ids <> '{}' then
    delete from private.attempt_logs as l where l.job_id = any(v_job_ids);
    delete from public.generation_jobs as j where j.id = any(v_job_ids);
    return cardinality(v_job_ids);
  end if;
  for v_table in select * from private.tables_of_tenants() loop
    execute format(
      'delete from %1$s as d using (select %2$s from %1$s where tenant_id = $1 limit $2) as o where (%3$s) = (%4$s)',
      v_table.name, array_to_string(v_table.key, ', '),
      (select string_agg('d.' || k, ', ') from unnest(v_table.key) as k), (select string_agg('o.' || k, ', ') from unnest(v_table.key) as k)
    ) using p_tenant_id, p_limit;
    get diagnostics v_count = row_count;
    exit when v_count > 0;
  end loop;
  return v_count;
end
$$;
comment on function private.purge_rows(uuid, int) is
  'Removes rows of a deleted tenant, whose queue is locked, from the first table that has some, 200 jobs or so many of others; returns how many.';

create function private.purge_files(p_tenant_id uuid, p_limit int)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_count int;
begin
  insert into private.condemned_files (path, tenant_id, reason, size_bytes)
  select o.name, p_tenant_id, 'orphan', coalesce((o.metadata ->> 'size')::bigint, 0)
  from storage.objects as o
  where o.bucket_id = 'media' and o.name ^@ (p_tenant_id || '/')
    and not exists (select from private.condemned_files as c where c.path = o.name)
  limit p_limit
  on conflict (path) do nothing;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function private.purge_files(uuid, int) is
  'Lists files of a deleted tenant whose rows are gone for removal, which workers see to; returns how many it added.';

create function private.purge_tenant(p_keep_for interval, p_limit int)
returns text
language plpgsql
set search_path = ''
as $$
declare
  v_tenant_id uuid := (
    select d.tenant_id from private.tombstones as d where d.purged_at is null and d.deleted_at < now() - p_keep_for
    -- One whose files are being removed is waited for last.
    order by exists (select from private.condemned_files as c where c.tenant_id = d.tenant_id), d.deleted_at limit 1);
  v_count int := 0;
begin
  if v_tenant_id is null then
    return null;
  end if;
  perform private.lock_tenant(v_tenant_id);
  -- Whoever held the lock may have restored it.
  if not exists (select from private.tombstones as d where d.tenant_id = v_tenant_id and d.purged_at is null) then
    return null;
  end if;
  -- Who did it is in the audit; each row of it is not.
  perform set_config('cliprow.purged_tenant', v_tenant_id::text, true);
  if private.open_job_count(v_tenant_id) > 0 then
    v_count := private.withdraw_open(v_tenant_id);
    if v_count > 0 then
      return v_count || ' jobs withdrawn';
    end if;
  end if;
  v_count := private.purge_rows(v_tenant_id, p_limit);
  if v_count = 0 then
    v_count := private.purge_files(v_tenant_id, p_limit);
    if v_count > 0 then
      update private.tombstones as d set row_count = d.row_count + v_count where d.tenant_id = v_tenant_id;
      return v_count || ' files listed for removal';
    elsif exists (select from private.condemned_files as c where c.tenant_id = v_tenant_id) then
      return null;
    end if;
    delete from public.tenants as t where t.id = v_tenant_id and t.deleted_at is not null;
    update private.tombstones as d set purged_at = now() where d.tenant_id = v_tenant_id;
    perform set_config('cliprow.purged_tenant', '', true);
    perform private.audit(v_tenant_id, 'purge', 'tenants', v_tenant_id::text, '{}', '{}');
    return '1 rows, the last of a tenant';
  end if;
  update private.tombstones as d set row_count = d.row_count + v_count where d.tenant_id = v_tenant_id;
  return v_count || ' rows';
end
$$;
comment on function private.purge_tenant(interval, int) is
  'One small step of the purge of a tenant that was deleted longer ago than this: work, then rows, then files, then the tenant itself. Returns what it '
  'did, null for nothing, also while workers still remove files.';

grant execute on function
private.delete_any_tenant(uuid), private.restore_tenant(uuid), private.list_deleted_tenants()
to service_role, cliprow_api;
