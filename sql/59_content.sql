-- Garbage: artifacts that nothing refers to, and files without a row. Nothing of it is removed under anybody's hands.
--
--   ready ── nothing refers to it ──> condemned ── grace time ──> row gone, its files listed ──> files removed ──> list forgets them
--                                        └── wanted again ──> ready
--
-- A file has a row at every moment: that of an artifact, or its line in the list. Files are named by their bytes, so that a result
-- may bring one back that is listed: it takes it off the list, or, once the storage was told to remove it, is refused and made again.
-- Lines are added with the tenant locked, as results are kept: whoever kept one before is seen, whoever comes after sees the line.

create table private.content_settings (
  is_only_row boolean primary key default true check (is_only_row),
  grace interval not null default '7 days' check (grace >= '0'),
  sweep_every interval not null default '1 day' check (sweep_every > '0'),
  check_every interval not null default '30 days' check (check_every > '0'),
  lease interval not null default '15 minutes' check (lease >= '5 minutes')
);
comment on table private.content_settings is 'How stored content is looked after, one row.';
comment on column private.content_settings.grace is
  'How long an artifact that nothing refers to, or a file without a row, is kept before it is removed.';
comment on column private.content_settings.sweep_every is 'How often each tenant''s content is searched for what nothing refers to.';
comment on column private.content_settings.check_every is 'Every stored artifact is compared with its checksums at least this often.';
comment on column private.content_settings.lease is
  'After this long without an answer, files are given to another worker to remove or check. Longer than the storage is ever asked for.';
insert into private.content_settings default values;

create table private.content_sweeps (
  tenant_id uuid primary key references public.tenants (id) on delete cascade,
  condemned_at timestamptz not null default '-infinity',
  orphans_at timestamptz not null default '-infinity'
);
comment on table private.content_sweeps is 'When a tenant''s content was last searched for artifacts, and for files, that nothing refers to.';

create table private.content_rounds (
  is_only_row boolean primary key default true check (is_only_row),
  strays_at timestamptz not null default '-infinity',
  started_at timestamptz not null default '-infinity',
  tenant_id uuid,
  content_key text,
  artifact_count bigint not null default 0,
  listed_count bigint not null default 0
);
comment on table private.content_rounds is 'How far the going through all content is, one row.';
comment on column private.content_rounds.strays_at is 'When files of tenants that are gone were last looked for.';
comment on column private.content_rounds.started_at is
  'When the round of checks began that goes through all artifacts, in the order of their keys, in the time that check_every gives it.';
comment on column private.content_rounds.content_key is 'The last artifact of this round that was listed for a check, with tenant_id.';
insert into private.content_rounds default values;

create table private.condemned_files (
  path text primary key,
  tenant_id uuid not null,
  reason text not null check (reason in ('unreferenced', 'orphan', 'damaged')),
  size_bytes bigint not null default 0,
  listed_at timestamptz not null default now(),
  taken_at timestamptz
);
comment on table private.condemned_files is
  'Files in the storage that are to be removed. Without a foreign key: they outlive rows, and tenants.';
comment on column private.condemned_files.reason is
  'unreferenced: its artifact is gone; orphan: it never had one; damaged: it has other bytes than its name says.';
comment on column private.condemned_files.taken_at is 'When a worker was given it to remove; results with this file are refused from then on.';
create index condemned_files_tenant_id on private.condemned_files (tenant_id, listed_at);

create table private.freed_content (
  day date not null,
  tenant_id uuid not null,
  artifact_count bigint not null default 0,
  file_count bigint not null default 0,
  size_bytes bigint not null default 0,
  primary key (day, tenant_id)
);
comment on table private.freed_content is 'What was removed, by day (UTC) and tenant.';

create function private.count_freed(p_tenant_id uuid, p_artifact_count bigint, p_file_count bigint, p_size_bytes bigint)
returns void
language sql
set search_path = ''
as $$
  insert into private.freed_content as f (day, tenant_id, artifact_count, file_count, size_bytes)
  values ((now() at time zone 'utc')::date, p_tenant_id, p_artifact_count, p_file_count, p_size_bytes)
  on conflict (day, tenant_id) do update
  set artifact_count = f.artifact_count + excluded.artifact_count, file_count = f.file_count + excluded.file_count,
    size_bytes = f.size_bytes + excluded.size_bytes
$$;
comment on function private.count_freed(uuid, bigint, bigint, bigint) is 'Adds to what was removed today.';

create function private.kept_keys(p_tenant_id uuid)
returns setof text
language sql
stable
set search_path = ''
as $$
  select t.content_key from public.stage_tasks as t where t.tenant_id = p_tenant_id and t.content_key is not null
  union all
  select k from public.library_versions as v cross join unnest(v.content_keys) as k where v.tenant_id = p_tenant_id
  union all
  select c.generation_metadata ->> 'content_key' from public.generated_content as c
  where c.tenant_id = p_tenant_id and c.generation_metadata ? 'content_key'
$$;
comment on function private.kept_keys(uuid) is
  'Content keys that something of a tenant refers to: tasks of kept jobs, the library, content that users see. Some more than once.';

create function private.kept_paths(p_tenant_id uuid)
returns setof text
language sql
stable
set search_path = ''
as $$
  select f ->> 'path' from public.artifacts as a cross join jsonb_array_elements(a.files) as f where a.tenant_id = p_tenant_id
  union all
  select c.file_path from public.generated_content as c where c.tenant_id = p_tenant_id
  union all
  -- Pictures that topics name may be results of other jobs.
  select i ->> 'path' from public.generation_jobs as j
  cross join jsonb_array_elements(case jsonb_typeof(j.params -> 'images') when 'array' then j.params -> 'images' else '[]' end) as i
  where j.tenant_id = p_tenant_id and j.params ? 'images'
  union all
  select i ->> 'path' from public.schedules as s
  cross join jsonb_array_elements(s.topics) as t
  cross join jsonb_array_elements(case jsonb_typeof(t -> 'images') when 'array' then t -> 'images' else '[]' end) as i
  where s.tenant_id = p_tenant_id
$$;
comment on function private.kept_paths(uuid) is 'Paths of files that something of a tenant refers to; some more than once.';

create function private.spare_files(p_files jsonb [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Nearly always there is nothing to remove.
  if not exists (select from private.condemned_files) then
    return;
  end if;
  delete from private.condemned_files as c
  using unnest(p_files) as r (files), jsonb_array_elements(r.files) as f
  where c.path = f ->> 'path' and c.taken_at is null;
  if exists (
    select from private.condemned_files as c, unnest(p_files) as r (files), jsonb_array_elements(r.files) as f
    where c.path = f ->> 'path'
  ) then
    raise exception 'A file of this result is just being removed from the storage.'
      using errcode = 'CR004', hint = 'It is made again by itself.';
  end if;
end
$$;
comment on function private.spare_files(jsonb []) is
  'Takes the files of results off the list of those to be removed. Raises CR004 where the storage was told already. The results'' tenants are locked.';

create function private.orphans(p_tenant_id uuid, p_limit int)
returns table (path text, size_bytes bigint)
language sql
stable
set search_path = ''
as $$
  select o.name, coalesce((o.metadata ->> 'size')::bigint, 0)
  from storage.objects as o
  cross join private.content_settings as s
  where o.bucket_id = 'media' and o.name ^@ (p_tenant_id || '/artifacts/')
    and greatest(o.created_at, o.updated_at) < now() - s.grace
    and not exists (select from private.condemned_files as c where c.path = o.name)
    and o.name not in (select k from private.kept_paths(p_tenant_id) as k where k is not null)
  limit p_limit
$$;
comment on function private.orphans(uuid, int) is
  'Files among a tenant''s results that are older than the grace time and that no row refers to. What users uploaded is theirs, and never among them.';

create function private.condemn_artifacts(p_tenant_id uuid, p_limit int)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_count int;
begin
  perform private.pin_library(p_tenant_id);
  -- One that is used at this very moment may be among them: that is looked at again before it is removed.
  update public.artifacts as a
  set status = 'condemned', condemned_at = now()
  from (
    select n.content_key from public.artifacts as n
    where n.tenant_id = p_tenant_id and n.status in ('ready', 'damaged')
      and n.content_key not in (select k from private.kept_keys(p_tenant_id) as k where k is not null)
    limit p_limit
    for update of n skip locked
  ) as n
  where a.tenant_id = p_tenant_id and a.content_key = n.content_key;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function private.condemn_artifacts(uuid, int) is 'Condemns a tenant''s artifacts that nothing refers to; returns how many.';

create function private.list_files(p_tenant_id uuid, p_files jsonb, p_reason text)
returns void
language sql
set search_path = ''
as $$
  insert into private.condemned_files (path, tenant_id, reason, size_bytes, taken_at)
  select distinct on (f ->> 'path') f ->> 'path', p_tenant_id, p_reason, coalesce((f ->> 'size_bytes')::bigint, 0),
    case p_reason when 'damaged' then now() end
  from jsonb_array_elements(p_files) as f
  on conflict (path) do update set reason = excluded.reason, taken_at = excluded.taken_at where excluded.reason = 'damaged'
$$;
comment on function private.list_files(uuid, jsonb, text) is
  'Lists files for removal; damaged ones are given to the caller to remove at once. Their tenant is locked.';

create function private.list_orphans(p_tenant_id uuid, p_limit int)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_files jsonb := (select jsonb_agg(to_jsonb(o)) from private.orphans(p_tenant_id, p_limit) as o);
begin
  if v_files is not null then
    perform private.lock_tenants(array[p_tenant_id]);
    perform private.list_files(p_tenant_id, v_files, 'orphan');
  end if;
  return coalesce(jsonb_array_length(v_files), 0);
end
$$;
comment on function private.list_orphans(uuid, int) is 'Lists a tenant''s files without a row for removal; returns how many.';

create function private.list_strays(p_limit int)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_count int;
begin
  insert into private.condemned_files (path, tenant_id, reason, size_bytes)
  select o.name, split_part(o.name, '/', 1)::uuid, 'orphan', coalesce((o.metadata ->> 'size')::bigint, 0)
  from storage.objects as o
  cross join private.content_settings as s
  where o.bucket_id = 'media' and greatest(o.created_at, o.updated_at) < now() - s.grace
    and o.name ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/(artifacts|uploads)/'
    and split_part(o.name, '/', 1) not in (select t.id::text from public.tenants as t)
    and not exists (select from private.condemned_files as c where c.path = o.name)
  limit p_limit
  on conflict (path) do nothing;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function private.list_strays(int) is 'Lists the files of tenants whose rows are gone for removal; returns how many.';

create function private.give_up_condemned(p_tenant_id uuid, p_limit int)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_keys text [] := array(
    select a.content_key from public.artifacts as a cross join private.content_settings as s
    where a.tenant_id = p_tenant_id and a.condemned_at <= now() - s.grace
    order by a.condemned_at limit p_limit
  );
  -- Whoever has used one since has made it ready: what is condemned still and kept was used while it was condemned.
  v_kept text [] := array(select k from private.kept_keys(p_tenant_id) as k where k = any(v_keys));
  v_gone jsonb;
begin
  perform private.lock_tenants(array[p_tenant_id]);
  update public.artifacts as a
  set status = case when a.damaged_at is null then 'ready' else 'damaged' end, condemned_at = null
  where a.tenant_id = p_tenant_id and a.content_key = any(v_kept) and a.status = 'condemned';
  with gone as (
    delete from public.artifacts as a
    where a.tenant_id = p_tenant_id and a.content_key = any(v_keys) and a.status = 'condemned'
    returning a.files
  )
  select jsonb_agg(gone.files) into v_gone from gone;
  perform private.list_files(p_tenant_id, (
    select jsonb_agg(f) from jsonb_array_elements(v_gone) as g cross join jsonb_array_elements(g) as f
  ), 'unreferenced');
  perform private.count_freed(p_tenant_id, coalesce(jsonb_array_length(v_gone), 0), 0, 0);
  return cardinality(v_keys);
end
$$;
comment on function private.give_up_condemned(uuid, int) is
  'Removes the rows of artifacts that have been condemned for the grace time and that still nothing refers to, and lists their files. Returns how '
  'many were looked at.';

create function private.take_files(p_limit int)
returns text []
language plpgsql
set search_path = ''
as $$
declare
  v_since timestamptz := now() - (select s.lease from private.content_settings as s);
  v_tenant_id uuid := (
    select c.tenant_id from private.condemned_files as c where c.taken_at is null or c.taken_at < v_since
    order by c.listed_at limit 1
  );
  v_paths text [] := array(
    select c.path from private.condemned_files as c
    where c.tenant_id = v_tenant_id and (c.taken_at is null or c.taken_at < v_since)
    order by c.listed_at limit p_limit
  );
begin
  -- Results kept since a line was added have taken it off themselves; those from before are seen here.
  delete from private.condemned_files as c
  where c.path = any(v_paths) and c.taken_at is null and c.path in (select k from private.kept_paths(v_tenant_id) as k);
  with taken as (
    update private.condemned_files as c set taken_at = now()
    where c.path = any(v_paths) and (c.taken_at is null or c.taken_at < v_since)
    returning c.path
  )
  select coalesce(array_agg(taken.path), '{}') into v_paths from taken;
  return v_paths;
end
$$;
comment on function private.take_files(int) is
  'Files of one tenant that are to be removed from the storage now, by the caller, who says so by forget_files; those of another caller that has '
  'not come back in time too. From now on no result may have them.';

create function private.forget_files(p_paths text [])
returns int
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
as $$
declare
  v_count int;
begin
  with gone as (
    delete from private.condemned_files as c where c.path = any(p_paths) and c.taken_at is not null
    returning c.tenant_id, c.size_bytes
  ), counted as (
    select private.count_freed(g.tenant_id, 0, g.file_count, g.size_bytes), g.file_count
    from (select gone.tenant_id, count(*) as file_count, sum(gone.size_bytes)::bigint as size_bytes from gone group by gone.tenant_id) as g
  )
  select coalesce(sum(counted.file_count), 0) into v_count from counted;
  return v_count;
end
$$;
comment on function private.forget_files(text []) is 'Files that take_files or settle_checks gave are removed from the storage. Saying it twice does no harm.';

create function private.due_sweep()
returns private.content_sweeps
language sql
stable
set search_path = ''
as $$
  select row(t.id, coalesce(w.condemned_at, '-infinity'), coalesce(w.orphans_at, '-infinity'))::private.content_sweeps
  from public.tenants as t
  left join private.content_sweeps as w on w.tenant_id = t.id
  cross join private.content_settings as s
  where least(w.condemned_at, w.orphans_at) is null or least(w.condemned_at, w.orphans_at) <= now() - s.sweep_every
  order by least(w.condemned_at, w.orphans_at) nulls first
  limit 1
$$;
comment on function private.due_sweep() is 'The tenant whose content was searched longest ago, if that is due.';

create function private.search_garbage(p_limit int)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_sweep private.content_sweeps := private.due_sweep();
  v_found int;
begin
  if v_sweep.tenant_id is null then
    update private.content_rounds as r set strays_at = now()
    from private.content_settings as s where r.strays_at <= now() - s.sweep_every;
    return case when found then private.list_strays(p_limit) end;
  end if;
  insert into private.content_sweeps (tenant_id) values (v_sweep.tenant_id) on conflict (tenant_id) do nothing;
  -- Never both in one transaction: artifacts are locked after their tenant.
  if v_sweep.condemned_at <= v_sweep.orphans_at then
    v_found := private.condemn_artifacts(v_sweep.tenant_id, p_limit);
    update private.content_sweeps as w set condemned_at = now() where w.tenant_id = v_sweep.tenant_id and v_found < p_limit;
    if (private.curation_policy(v_sweep.tenant_id) -> 'is_automatic')::boolean then
      perform private.curate(v_sweep.tenant_id, private.curation_policy(v_sweep.tenant_id));
    end if;
  else
    v_found := private.list_orphans(v_sweep.tenant_id, p_limit);
    update private.content_sweeps as w set orphans_at = now() where w.tenant_id = v_sweep.tenant_id and v_found < p_limit;
  end if;
  return v_found;
end
$$;
comment on function private.search_garbage(int) is
  'One step of the search for what nothing refers to: artifacts or files of the tenant that is due. Returns how much it found; null when nothing is due.';

create function private.sweep_content(p_limit int default 200)
returns jsonb
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
as $$
declare
  v_paths text [];
  v_tenant_id uuid;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('private.sweep_content', 0)) then
    return null;
  end if;
  v_paths := private.take_files(p_limit);
  if v_paths <> '{}' then
    return jsonb_build_object('paths', v_paths, 'is_idle', false);
  end if;
  select a.tenant_id into v_tenant_id from public.artifacts as a cross join private.content_settings as s
  where a.condemned_at <= now() - s.grace
  order by a.condemned_at limit 1;
  return jsonb_build_object('paths', '[]'::jsonb, 'is_idle', case
    when v_tenant_id is not null then private.give_up_condemned(v_tenant_id, p_limit)
    else private.search_garbage(50 * p_limit) end is null);
end
$$;
comment on function private.sweep_content(int) is
  'One small step of looking after content: {paths, is_idle}. The caller removes the files at these paths from the storage and says so by '
  'forget_files; idle: nothing is due. Null while another worker does it.';
grant execute on function private.sweep_content(int), private.forget_files(text []) to cliprow_worker;
