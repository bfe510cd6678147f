-- Stored content: garbage, integrity, statistics; versions of the library's scenes, scenes by tag, quality and curation.

alter table public.artifacts
drop constraint artifacts_status_check,
drop constraint artifacts_ready_has_facts,
add column condemned_at timestamptz,
add column damaged_at timestamptz,
add column checked_at timestamptz,
add constraint artifacts_status_check check (status in ('computing', 'ready', 'condemned', 'damaged')),
add constraint artifacts_ready_has_facts
check ((status <> 'computing' or damaged_at is not null) = (ready_at is not null and facts is not null)),
add constraint artifacts_condemned_has_condemned_at check ((status = 'condemned') = (condemned_at is not null)),
add constraint artifacts_damaged_has_damaged_at
check (case status when 'damaged' then damaged_at is not null when 'ready' then damaged_at is null else true end);
comment on column public.artifacts.status is
  'computing: the named attempt is making it, and others wait; ready: facts and files are there; condemned: nothing refers to it, whoever wants '
  'it makes it ready again, and otherwise it goes; damaged: a file of it is gone or has other bytes, so it is not used again before it is '
  'computed anew.';
comment on column public.artifacts.damaged_at is 'Kept while it is computed anew, when facts and files are still those from before.';
comment on column public.artifacts.checked_at is 'When its files were last compared with their checksums; null before the first time.';
-- Not on status: finished work would then be written to the indexes too.
create index artifacts_condemned on public.artifacts (condemned_at) where condemned_at is not null;
create index artifacts_damaged on public.artifacts (tenant_id, damaged_at) where damaged_at is not null;

create function private.keep_damaged()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if not exists (select from public.tenants where id = old.tenant_id) then
    return old;
  end if;
  update public.artifacts set status = 'damaged' where tenant_id = old.tenant_id and content_key = old.content_key;
  return null;
end
$$;
comment on function private.keep_damaged() is
  'A damaged artifact that could not be computed anew is damaged again instead of gone: finished tasks refer to it.';
create trigger keep_damaged before delete on public.artifacts
for each row when (old.status = 'computing' and old.damaged_at is not null) execute function private.keep_damaged();


alter table public.content_library
add column latest_version int not null default 1,
add constraint content_library_tenant_id_id_key unique (tenant_id, id);
comment on column public.content_library.latest_version is 'The highest number of its rows of library_versions; version counts changes of this row.';

create table public.library_versions (
  id uuid primary key default private.uuid_v7(),
  tenant_id uuid not null,
  item_id uuid not null,
  number int not null check (number > 0),
  scene_type text not null,
  voiceover_text text not null,
  visual_description text not null,
  heading text not null,
  points jsonb not null,
  content_keys text [] not null default '{}',
  created_by uuid references auth.users (id) on delete set null,
  created_at timestamptz not null default now(),
  unique (item_id, number),
  foreign key (tenant_id, item_id) references public.content_library (tenant_id, id) on delete cascade
);
comment on table public.library_versions is
  'What a scene of the library said and showed, from each change on. Jobs take one version, and later ones change nothing of theirs.';
comment on column public.library_versions.content_keys is 'Narration and segments made of it, kept as artifacts even when their job is gone.';
create index library_versions_tenant_id_item_id on public.library_versions (tenant_id, item_id);
create index library_versions_created_by on public.library_versions (created_by);

alter table public.library_versions enable row level security;
create policy "Members read the versions of their tenant's library" on public.library_versions
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.library_versions to authenticated;
grant select, insert, update, delete on public.library_versions to service_role;
insert into public.library_versions (tenant_id, item_id, number, scene_type, voiceover_text, visual_description, heading, points)
select c.tenant_id, c.id, 1, s.scene_type, s.voiceover_text, s.visual_description, s.heading, s.points
from public.content_library as c join public.scenes as s on s.tenant_id = c.tenant_id and s.id = c.scene_id;

create index generation_jobs_library_items on public.generation_jobs
using gin ((params -> 'library_items') jsonb_path_ops) where params ? 'library_items';

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

-- Integrity: stored artifacts are compared with their checksums, all of them in the time that check_every gives, and on demand.
-- What is damaged is not used again, its broken file is removed, so that it can be stored anew, and its tasks can be computed again.

create table private.due_checks (
  tenant_id uuid not null,
  content_key text not null,
  requested_at timestamptz not null default now(),
  taken_at timestamptz,
  primary key (tenant_id, content_key),
  foreign key (tenant_id, content_key) references public.artifacts (tenant_id, content_key) on delete cascade
);
comment on table private.due_checks is 'Artifacts whose files are to be compared with their checksums next.';
create index due_checks_requested_at on private.due_checks (requested_at);

create function private.list_checks(p_limit int default 500)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_round private.content_rounds;
  v_every interval := (select s.check_every from private.content_settings as s);
  v_due bigint;
  v_keys text [];
begin
  select * into v_round from private.content_rounds for update skip locked;
  if not found then
    return 0; -- Another worker does it.
  end if;
  if v_round.started_at <= now() - v_every and v_round.tenant_id is null then
    v_round.started_at := now();
    v_round.listed_count := 0;
    v_round.artifact_count := (select count(*) from public.artifacts as a where a.status = 'ready' and a.files <> '[]');
  end if;
  v_due := least(p_limit, ceil(v_round.artifact_count * extract(epoch from now() - v_round.started_at) / extract(epoch from v_every))
    - v_round.listed_count);
  if v_due < 1 then
    update private.content_rounds set started_at = v_round.started_at, listed_count = v_round.listed_count, artifact_count = v_round.artifact_count;
    return 0;
  end if;
  with next as (
    select a.tenant_id, a.content_key from public.artifacts as a
    where a.status = 'ready' and a.files <> '[]'
      and (v_round.tenant_id is null or (a.tenant_id, a.content_key) > (v_round.tenant_id, v_round.content_key))
    order by a.tenant_id, a.content_key limit v_due
  ), listed as (
    insert into private.due_checks (tenant_id, content_key) select next.tenant_id, next.content_key from next
    on conflict (tenant_id, content_key) do nothing
  )
  select array_agg(next.tenant_id || '/' || next.content_key order by next.tenant_id, next.content_key) into v_keys from next;
  if coalesce(cardinality(v_keys), 0) < v_due then
    -- It is through: nothing is due before the next one begins.
    update private.content_rounds
    set started_at = v_round.started_at, artifact_count = 0, listed_count = 0, tenant_id = null, content_key = null;
  else
    update private.content_rounds
    set started_at = v_round.started_at, artifact_count = v_round.artifact_count, listed_count = v_round.listed_count + v_due,
      tenant_id = split_part(v_keys[v_due], '/', 1)::uuid, content_key = split_part(v_keys[v_due], '/', 2);
  end if;
  return coalesce(cardinality(v_keys), 0);
end
$$;
comment on function private.list_checks(int) is
  'Lists as many of the next artifacts for a check as are due by now, so that a round is through in the time that check_every gives it, evenly. '
  'Returns how many.';

create function private.take_checks(p_limit int default 20)
returns jsonb
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
as $$
declare
  v_lease interval := (select s.lease from private.content_settings as s);
  v_taken jsonb;
begin
  perform private.list_checks();
  with due as (
    select c.tenant_id, c.content_key from private.due_checks as c
    where c.taken_at is null or c.taken_at < now() - v_lease
    order by c.requested_at limit p_limit
    for update skip locked
  ), taken as (
    update private.due_checks as c set taken_at = now()
    from due where c.tenant_id = due.tenant_id and c.content_key = due.content_key
    returning c.tenant_id, c.content_key
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'tenant_id', a.tenant_id, 'content_key', a.content_key, 'ready_at', a.ready_at, 'files', a.files)), '[]') into v_taken
  from taken join public.artifacts as a on a.tenant_id = taken.tenant_id and a.content_key = taken.content_key;
  return v_taken;
end
$$;
comment on function private.take_checks(int) is
  'Artifacts whose files the caller is to compare with their checksums now: [{tenant_id, content_key, ready_at, files}]; it tells by settle_checks.';

create function private.mark_damaged(p_tenant_id uuid, p_content_key text, p_ready_at timestamptz, p_files jsonb)
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  v_paths text [] := array(select f ->> 'path' from jsonb_array_elements(p_files) as f);
  v_keys text [];
begin
  perform private.lock_tenants(array[p_tenant_id]);
  -- What was made anew since it was looked at is another matter.
  if not exists (
    select from public.artifacts as a where a.tenant_id = p_tenant_id and a.content_key = p_content_key
      and a.status in ('ready', 'condemned') and a.ready_at = p_ready_at
  ) then
    return false;
  end if;
  perform private.list_files(p_tenant_id, p_files, 'damaged');
  with damaged as (
    update public.artifacts as a set status = 'damaged', damaged_at = now(), condemned_at = null, checked_at = now()
    where a.tenant_id = p_tenant_id and a.status in ('ready', 'condemned')
      and exists (select from jsonb_array_elements(a.files) as f where f ->> 'path' = any(v_paths))
    returning a.content_key
  )
  select array_agg(damaged.content_key) into v_keys from damaged;
  update public.generated_content as c set quality_score = 0
  where c.tenant_id = p_tenant_id and c.file_path = any(v_paths) and c.quality_score > 0;
  insert into public.job_events (
    job_id, tenant_id, project_id, batch_id, task_id, stage, status, progress, error_code, error_message
  )
  select t.job_id, t.tenant_id, t.project_id, t.batch_id, t.id, t.stage, t.status, t.progress, 'CONTENT_DAMAGED',
    'A stored file of this result is gone, or has other bytes than it was stored with. Repair it: exactly this is computed again.'
  from public.stage_tasks as t
  where t.tenant_id = p_tenant_id and t.status = 'completed' and t.content_key = any(v_keys);
  return true;
end
$$;
comment on function private.mark_damaged(uuid, text, timestamptz, jsonb) is
  'Files of an artifact are broken: it, and all others of the tenant with one of these files, are not used any more; an event tells each task whose '
  'result it is. The files are listed, and given to the caller to remove. False when the artifact is another by now.';

create function private.settle_checks(p_results jsonb)
returns text []
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
as $$
declare
  v_result record;
  v_paths text [] := '{}';
begin
  perform private.lock_tenants(array(
    select (r ->> 'tenant_id')::uuid from jsonb_array_elements(p_results) as r where r -> 'broken' <> '[]'
  ));
  for v_result in
    select r.tenant_id, r.content_key, r.ready_at, r.broken
    from jsonb_to_recordset(p_results) as r (tenant_id uuid, content_key text, ready_at timestamptz, broken jsonb)
    order by r.tenant_id, r.content_key
  loop
    if v_result.broken <> '[]' then
      if private.mark_damaged(v_result.tenant_id, v_result.content_key, v_result.ready_at, v_result.broken) then
        v_paths := v_paths || array(select f ->> 'path' from jsonb_array_elements(v_result.broken) as f);
      end if;
    else
      update public.artifacts as a set checked_at = now()
      where a.tenant_id = v_result.tenant_id and a.content_key = v_result.content_key and a.ready_at = v_result.ready_at;
    end if;
    delete from private.due_checks as c where c.tenant_id = v_result.tenant_id and c.content_key = v_result.content_key;
  end loop;
  return v_paths;
end
$$;
comment on function private.settle_checks(jsonb) is
  'What became of checks: [{tenant_id, content_key, ready_at, broken: [files that are gone or have other bytes]}]. Returns the paths of files that '
  'the caller removes from the storage now, and says so by forget_files, so that they can be stored anew.';
grant execute on function private.take_checks(int), private.settle_checks(jsonb) to cliprow_worker;

-- What people ask of stored content: what is garbage, whether it is sound, and repair of what is not.

create function private.check_role(p_role text, p_doing text)
returns uuid
language plpgsql
stable
set search_path = ''
as $$
begin
  if private.acting_tenant_id() is not null and not private.has_role(p_role) then
    raise exception 'Your role does not allow you to %.', p_doing
      using errcode = 'CR003', hint = 'Ask an admin or owner of the tenant.';
  end if;
  return private.tenant_id();
end
$$;
comment on function private.check_role(text, text) is 'The tenant the caller acts in; raises CR003 unless its role there is this one or a higher one.';

create function private.tell_garbage(p_tenant_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'unreferenced', (
      select jsonb_build_object('artifacts', count(*), 'bytes', coalesce(sum(a.size_bytes), 0))
      from public.artifacts as a
      where a.tenant_id = p_tenant_id and a.status in ('ready', 'damaged')
        and a.content_key not in (select k from private.kept_keys(p_tenant_id) as k where k is not null)),
    'condemned', (
      select jsonb_build_object('artifacts', count(*), 'bytes', coalesce(sum(a.size_bytes), 0),
        'next_removal_at', min(a.condemned_at) + (select s.grace from private.content_settings as s))
      from public.artifacts as a
      where a.tenant_id = p_tenant_id and a.status = 'condemned'),
    'orphans', (
      select jsonb_build_object('files', count(*), 'bytes', coalesce(sum(o.size_bytes), 0)) from private.orphans(p_tenant_id, null) as o),
    'removing', (
      select jsonb_build_object('files', count(*), 'bytes', coalesce(sum(c.size_bytes), 0))
      from private.condemned_files as c where c.tenant_id = p_tenant_id),
    'freed', (
      select jsonb_build_object('artifacts', coalesce(sum(f.artifact_count), 0), 'files', coalesce(sum(f.file_count), 0),
        'bytes', coalesce(sum(f.size_bytes), 0))
      from private.freed_content as f where f.tenant_id = p_tenant_id),
    'grace_s', (select extract(epoch from s.grace)::bigint from private.content_settings as s))
$$;
comment on function private.tell_garbage(uuid) is 'What garbage a tenant has, by how far it is, and what was removed so far.';

create function public.content_garbage()
returns jsonb
language plpgsql
stable
-- definer: reads what is kept by all members, and the list of files to be removed.
security definer
set search_path = ''
as $$
begin
  return private.tell_garbage(private.check_role('admin', 'look after stored content'));
end
$$;
comment on function public.content_garbage() is
  'What could be removed of the tenant''s stored content: {unreferenced, condemned, orphans, removing, freed, grace_s}, in artifacts, files and bytes. '
  'Changes nothing. For admins. Raises CR003.';

create function public.collect_garbage()
returns jsonb
language plpgsql
-- definer: users may not write artifacts.
security definer
set search_path = ''
as $$
declare
  v_tenant_id uuid := private.check_role('admin', 'look after stored content');
  v_count int := private.condemn_artifacts(v_tenant_id, 10000);
begin
  insert into private.content_sweeps as w (tenant_id, condemned_at) values (v_tenant_id, case when v_count < 10000 then now() else '-infinity' end)
  on conflict (tenant_id) do update set condemned_at = excluded.condemned_at, orphans_at = '-infinity';
  return private.tell_garbage(v_tenant_id) || jsonb_build_object('condemned_now', v_count);
end
$$;
comment on function public.collect_garbage() is
  'Condemns what nothing refers to in the tenant''s stored content at once, and has workers look for files without a row: as they do by themselves each '
  'day. It is removed after the grace time. Returns what content_garbage says, and condemned_now. For admins. Raises CR003.';

create function public.verify_content(content_key text default null, sample int default 100)
returns jsonb
language plpgsql
-- definer: users may not write the list of checks.
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_tenant_id uuid := private.check_role('admin', 'look after stored content');
  v_count int;
begin
  if verify_content.content_key is not null and not exists (
    select from public.artifacts as a where a.tenant_id = v_tenant_id and a.content_key = verify_content.content_key
  ) then
    raise exception 'There is no artifact %.', verify_content.content_key
      using errcode = 'CR002', hint = 'The content keys of results stand beside the files of a job.';
  end if;
  insert into private.due_checks (tenant_id, content_key)
  select a.tenant_id, a.content_key from public.artifacts as a
  where a.tenant_id = v_tenant_id and a.status in ('ready', 'condemned') and a.files <> '[]'
    and (verify_content.content_key is null or a.content_key = verify_content.content_key)
  order by a.checked_at nulls first, a.content_key
  limit case when verify_content.content_key is null then verify_content.sample end
  on conflict (tenant_id, content_key) do nothing;
  get diagnostics v_count = row_count;
  return jsonb_build_object('requested', v_count);
end
$$;
comment on function public.verify_content(text, int) is
  'Has workers compare stored artifacts with their checksums now: the one named, or so many of those that were checked longest ago; a null sample means '
  'all. Returns {requested}; content_health says how far it is. For admins. Raises CR002 or CR003.';

create function public.content_health()
returns jsonb
language plpgsql
stable
-- definer: reads the list of checks.
security definer
set search_path = ''
as $$
declare
  v_tenant_id uuid := private.check_role('viewer', 'see stored content');
begin
  return (
    select jsonb_build_object(
      'artifacts', count(*), 'bytes', coalesce(sum(a.size_bytes), 0),
      'checked', count(*) filter (where a.checked_at is not null),
      'never_checked', count(*) filter (where a.checked_at is null and a.status in ('ready', 'condemned') and a.files <> '[]'),
      'waiting', (select count(*) from private.due_checks as c where c.tenant_id = v_tenant_id),
      'damaged', count(*) filter (where a.status = 'damaged'),
      'oldest_check_at', min(a.checked_at),
      'check_every_s', (select extract(epoch from s.check_every)::bigint from private.content_settings as s))
    from public.artifacts as a where a.tenant_id = v_tenant_id and a.status <> 'computing'
  );
end
$$;
comment on function public.content_health() is
  'How sound the tenant''s stored content is: {artifacts, bytes, checked, never_checked, waiting (for a check), damaged, oldest_check_at, check_every_s}.';

create function public.list_damaged()
returns table (content_key text, stage text, damaged_at timestamptz, size_bytes bigint, is_repairing boolean, jobs jsonb)
language sql
stable
security invoker
set search_path = ''
as $$
  select a.content_key, a.stage, a.damaged_at, a.size_bytes, a.status = 'computing', coalesce((
    select jsonb_agg(distinct t.job_id) from public.stage_tasks as t
    where t.tenant_id = a.tenant_id and t.content_key = a.content_key), '[]')
  from public.artifacts as a
  where a.tenant_id = (select private.tenant_id()) and a.damaged_at is not null and a.status <> 'condemned'
  order by a.damaged_at desc, a.content_key
  limit 1000
$$;
comment on function public.list_damaged() is 'Damaged artifacts of the tenant, the newest first, up to 1,000, with the jobs whose results they are.';

create function private.recompute_tasks(p_job_id uuid, p_task_ids uuid [])
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_task_ids uuid [] := array(
    with recursive follower as (
      select t.id from public.stage_tasks as t where t.job_id = p_job_id and t.id = any(p_task_ids)
      union
      select t.id from public.stage_tasks as t join follower as f on f.id = any(t.needs) where t.job_id = p_job_id
    )
    select f.id from follower as f
  );
  v_count int;
begin
  perform private.start_generation(array[p_job_id]);
  perform private.forget_content(array[p_job_id], v_task_ids);
  update public.stage_tasks as t
  set
    status = case when t.needs && v_task_ids or exists (
        select from public.stage_tasks as n where n.job_id = t.job_id and n.id = any(t.needs) and n.status <> 'completed'
      ) then 'blocked' else 'pending' end,
    generation = j.generation, failure_count = 0, lost_count = 0, completed_at = null, progress = 0,
    content_key = null, is_reused = false, error_code = null, error_message = null, next_step = null
  from public.generation_jobs as j
  where t.job_id = p_job_id and t.id = any(v_task_ids) and j.id = t.job_id and t.status in ('completed', 'failed');
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function private.recompute_tasks(uuid, uuid []) is
  'Runs tasks of a job that has ended again, and what follows from them, for the same results: those that are there are found, the others computed. '
  'Returns how many.';

create function public.repair_content(content_key text default null)
returns jsonb
language plpgsql
-- definer: users may not write jobs and tasks; it takes only those of projects that the caller controls.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
#variable_conflict use_column
declare
  v_tenant_id uuid := private.check_role('editor', 'repair stored content');
  v_keys text [];
  v_job record;
  v_jobs int := 0;
  v_tasks int := 0;
begin
  perform private.lock_tenant(v_tenant_id);
  v_keys := array(
    select a.content_key from public.artifacts as a
    where a.tenant_id = v_tenant_id and a.status = 'damaged'
      and (repair_content.content_key is null or a.content_key = repair_content.content_key)
    limit 1000
  );
  if v_keys = '{}' and repair_content.content_key is not null then
    raise exception 'No artifact % is damaged.', repair_content.content_key
      using errcode = 'CR002', hint = 'List the damaged ones, and use the key of one of them.';
  end if;
  for v_job in
    select t.job_id, array_agg(t.id) as task_ids
    from public.stage_tasks as t
    join public.generation_jobs as j on j.id = t.job_id and j.status in ('completed', 'failed')
    join public.batches as b on b.id = t.batch_id and b.deleted_at is null
    where t.tenant_id = v_tenant_id and t.status = 'completed' and t.content_key = any(v_keys)
      and t.project_id in (select c from private.controlled_project_ids() as c)
    group by t.job_id order by t.job_id
    limit 100
  loop
    v_tasks := v_tasks + private.recompute_tasks(v_job.job_id, v_job.task_ids);
    v_jobs := v_jobs + 1;
  end loop;
  perform private.release();
  return jsonb_build_object('damaged', cardinality(v_keys), 'retried_jobs', v_jobs, 'retried_tasks', v_tasks, 'is_finished', v_jobs < 100);
end
$$;
comment on function public.repair_content(text) is
  'Computes damaged artifacts again, the one named or all, by running the tasks whose results they are again in jobs that have ended and that the caller '
  'controls, up to 100 in one call: repeat it until is_finished. What follows from them is found again where it is sound. Returns {damaged, '
  'retried_jobs, retried_tasks, is_finished}. Raises CR002 or CR003.';

grant execute on function
public.content_garbage(), public.collect_garbage(), public.verify_content(text, int), public.content_health(), public.list_damaged(),
public.repair_content(text)
to authenticated;

-- What the cache of artifacts saves.

create function public.cache_statistics(since timestamptz default null, until timestamptz default null, by text default 'stage')
returns table (
  value text, hits bigint, misses bigint, hit_rate numeric, seconds_spent numeric, seconds_saved numeric, bytes_stored bigint, bytes_saved bigint,
  cost_saved numeric
)
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  if cache_statistics.by not in ('stage', 'project', 'day', 'tenant') then
    raise exception 'The figures cannot be parted by %.', cache_statistics.by
      using errcode = 'CR001', hint = 'Use stage, project, day or tenant.';
  end if;
  return query
  with task as (
    select t.tenant_id, t.stage, t.is_reused, a.size_bytes, case cache_statistics.by
        when 'stage' then t.stage when 'project' then t.project_id::text when 'day' then to_char(t.completed_at at time zone 'utc', 'YYYY-MM-DD')
        else t.tenant_id::text end as part,
      extract(epoch from m.finished_at - m.started_at) as seconds
    from public.stage_tasks as t
    left join public.artifacts as a on a.tenant_id = t.tenant_id and a.content_key = t.content_key
    left join public.task_attempts as m on m.job_id = a.job_id and m.id = a.attempt_id
    where t.tenant_id = (select private.tenant_id()) and t.status = 'completed'
      and t.completed_at >= coalesce(since, now() - interval '30 days') and t.completed_at < coalesce(until, 'infinity')
  ), price as (
    select t.id, t.settings -> 'prices' as of_stage from public.tenants as t
    where t.id = (select private.tenant_id()) and jsonb_typeof(t.settings -> 'prices') = 'object'
  )
  select task.part, count(*) filter (where task.is_reused), count(*) filter (where not task.is_reused),
    round(count(*) filter (where task.is_reused)::numeric / count(*), 4),
    round(coalesce(sum(task.seconds) filter (where not task.is_reused), 0), 3),
    round(coalesce(sum(task.seconds) filter (where task.is_reused), 0), 3),
    coalesce(sum(task.size_bytes) filter (where not task.is_reused), 0)::bigint,
    coalesce(sum(task.size_bytes) filter (where task.is_reused), 0)::bigint,
    round(coalesce(sum(case jsonb_typeof(price.of_stage -> task.stage) when 'number' then (price.of_stage ->> task.stage)::numeric end)
      filter (where task.is_reused), 0), 4)
  from task left join price on price.id = task.tenant_id
  group by task.part
  order by task.part;
end
$$;
comment on function public.cache_statistics(timestamptz, timestamptz, text) is
  'What equal content being made only once saved in the caller''s tenant, of tasks completed in a time (default: the last 30 days), by stage, project, day '
  '(UTC) or tenant: hits and misses; seconds that the attempts took, and those that would have been taken again; bytes stored, and not stored again; '
  'cost by the tenant''s prices per task. Of results whose maker is gone the seconds are not known, and count as 0. Raises CR001.';
grant execute on function public.cache_statistics(timestamptz, timestamptz, text) to authenticated;

-- Versions of the library's scenes, scenes taken by tag, and where they are used.

create function private.add_version(p_item public.content_library, p_scene public.scenes, p_number int)
returns void
language sql
set search_path = ''
as $$
  insert into public.library_versions (
    tenant_id, item_id, number, scene_type, voiceover_text, visual_description, heading, points, created_by
  )
  select p_item.tenant_id, p_item.id, p_number, p_scene.scene_type, p_scene.voiceover_text, p_scene.visual_description, p_scene.heading,
    p_scene.points, (select u.id from auth.users as u where u.id = private.user_id())
$$;
comment on function private.add_version(public.content_library, public.scenes, int) is 'Keeps a scene as it is now as a version of an item.';

create function private.first_version()
returns trigger
language plpgsql
-- definer: users may not write versions.
security definer
set search_path = ''
as $$
begin
  perform private.add_version(new, s, 1) from public.scenes as s where s.tenant_id = new.tenant_id and s.id = new.scene_id;
  return null;
end
$$;
comment on function private.first_version() is 'What a scene is when it comes into the library is its first version.';
create trigger first_version after insert on public.content_library
for each row execute function private.first_version();

create function private.next_version()
returns trigger
language plpgsql
-- definer: users may not write versions.
security definer
set search_path = ''
as $$
declare
  v_item public.content_library;
begin
  update public.content_library as c set latest_version = c.latest_version + 1
  where c.tenant_id = new.tenant_id and c.scene_id = new.id
  returning * into v_item;
  if found then
    perform private.add_version(v_item, new, v_item.latest_version);
  end if;
  return null;
end
$$;
comment on function private.next_version() is 'A change of what a scene of the library says or shows is a new version of it.';
-- The columns are named: how long a scene is, which is written when its narration is there, makes no version.
create trigger next_version after update of scene_type, voiceover_text, visual_description, heading, points on public.scenes
for each row when (
  (old.scene_type, old.voiceover_text, old.visual_description, old.heading, old.points)
  is distinct from (new.scene_type, new.voiceover_text, new.visual_description, new.heading, new.points)
) execute function private.next_version();

create function private.pin_library(p_tenant_id uuid)
returns void
language sql
set search_path = ''
as $$
  update public.library_versions as v
  set content_keys = made.keys
  from (
    select n.id, array_agg(distinct t.content_key order by t.content_key) as keys
    from public.library_versions as n
    join public.content_library as c on c.tenant_id = n.tenant_id and c.id = n.item_id
    join public.scenes as s on s.tenant_id = c.tenant_id and s.id = c.scene_id
      and s.voiceover_text = n.voiceover_text and s.visual_description = n.visual_description
    join public.scripts as w on w.tenant_id = s.tenant_id and w.id = s.script_id
    join public.stage_tasks as t on t.job_id = w.job_id and t.scene_number = s.scene_number and t.status = 'completed'
    where n.tenant_id = p_tenant_id
    group by n.id
  ) as made
  where v.id = made.id and v.content_keys <> made.keys
$$;
comment on function private.pin_library(uuid) is
  'Notes which artifacts were made of the scenes of a tenant''s library, so that they are kept when their jobs are not.';

create function public.add_library_version(item_id uuid, changes jsonb)
returns jsonb
language plpgsql
-- definer: users may not write versions; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_tenant_id uuid := private.check_role('editor', 'change the library');
  v_item public.content_library;
  v_old public.library_versions;
  v_problems jsonb;
begin
  update public.content_library as c set latest_version = c.latest_version + 1
  where c.tenant_id = v_tenant_id and c.id = add_library_version.item_id
  returning * into v_item;
  if not found then
    raise exception 'There is no item % in your library.', add_library_version.item_id
      using errcode = 'CR002', hint = 'List the library, and use the id of one of its items.';
  end if;
  if jsonb_typeof(changes) is distinct from 'object' or changes = '{}' then
    v_problems := jsonb_build_array(private.as_problem(null, 'changes', 'is not an object with something to change'));
  else
    select jsonb_agg(private.as_problem(null, f.key, private.scene_field_problem(f.key, f.value)) order by f.key) into v_problems
    from jsonb_each(changes) as f where private.scene_field_problem(f.key, f.value) is not null;
  end if;
  if v_problems is not null then
    raise exception 'No version can be made of this.'
      using errcode = 'CR001', detail = v_problems::text, hint = 'Correct the fields named, or leave them out.';
  end if;
  select v.* into v_old from public.library_versions as v where v.item_id = v_item.id and v.number = v_item.latest_version - 1;
  insert into public.library_versions (
    tenant_id, item_id, number, scene_type, voiceover_text, visual_description, heading, points, created_by
  )
  values (
    v_tenant_id, v_item.id, v_item.latest_version, v_old.scene_type, coalesce(changes ->> 'voiceover_text', v_old.voiceover_text),
    coalesce(changes ->> 'visual_description', v_old.visual_description), coalesce(changes ->> 'heading', v_old.heading),
    coalesce(changes -> 'points', v_old.points), (select u.id from auth.users as u where u.id = private.user_id())
  );
  return jsonb_build_object('item_id', v_item.id, 'number', v_item.latest_version);
end
$$;
comment on function public.add_library_version(uuid, jsonb) is
  'A new version of a scene of the library: {voiceover_text?, visual_description?, heading?, points?}; the rest is as in the version before. The scene '
  'itself, and jobs that took an older version, stay as they are. Returns {item_id, number}. For editors. Raises CR001, CR002 or CR003.';

create function public.library_uses(item_id uuid)
returns table (job_id uuid, batch_id uuid, project_id uuid, topic text, status text, version int, created_at timestamptz)
language sql
stable
security invoker
set search_path = ''
as $$
  select j.id, j.batch_id, j.project_id, j.topic, j.status, v.number, j.created_at
  from public.library_versions as v
  join public.generation_jobs as j
    on j.tenant_id = v.tenant_id and j.params ? 'library_items' and j.params -> 'library_items' @> to_jsonb(v.item_id || '@' || v.number)
  where v.tenant_id = (select private.tenant_id()) and v.item_id = library_uses.item_id
  order by j.id desc, v.number desc
  limit 1000
$$;
comment on function public.library_uses(uuid) is 'Jobs of the tenant that took a scene of its library, and which version, the newest first, up to 1,000.';

create function private.reuse_list(p_reuse jsonb)
returns jsonb
language sql
immutable
set search_path = ''
return case jsonb_typeof(p_reuse) when 'array' then p_reuse when 'object' then jsonb_build_array(p_reuse) else '[]'::jsonb end;
comment on function private.reuse_list(jsonb) is 'One wish for scenes of the library, or several, as a list.';

create function private.reuse_wishes(p_reuse jsonb)
returns table (place bigint, tag text, item_id text, scene_id text, version int, most int)
language sql
stable
set search_path = ''
as $$
  select row_number() over (order by w.ordinality, k.place, x.ordinality), case k.field when 'tags' then x.value end,
    case k.field when 'items' then x.value end, case k.field when 'scenes' then x.value end,
    case when w.value ->> 'version' ~ '^[1-9]' then (w.value ->> 'version')::int end, coalesce((w.value ->> 'limit')::int, 1)
  from jsonb_array_elements(private.reuse_list(p_reuse)) with ordinality as w
  cross join (values (1, 'tags', 'tag'), (2, 'items', 'item'), (3, 'scenes', 'scene')) as k (place, field, short)
  cross join jsonb_array_elements_text(
    coalesce(w.value -> k.field, '[]') || case when w.value ? k.short then jsonb_build_array(w.value -> k.short) else '[]' end
  ) with ordinality as x
$$;
comment on function private.reuse_wishes(jsonb) is 'What wishes for scenes of the library ask for, in order; the wishes have no problems.';

create function private.reuse_items(p_reuse jsonb, p_language text)
returns text []
language sql
stable
set search_path = ''
as $$
  select coalesce((array_agg(found.name order by w.place, found.rank))[1:20], '{}')
  from private.reuse_wishes(p_reuse) as w
  cross join lateral (
    select c.id || '@' || coalesce(w.version, c.latest_version) as name,
      row_number() over (order by c.performance_score desc, c.usage_count, c.id desc) as rank
    from public.content_library as c
    join public.scenes as s on s.tenant_id = c.tenant_id and s.id = c.scene_id
    where c.tenant_id = private.tenant_id() and lower(split_part(s.language, '-', 1)) = p_language
      and (w.version is null or w.version <= c.latest_version)
      and case
        when w.item_id is not null then c.id::text = lower(w.item_id)
        when w.scene_id is not null then c.scene_id::text = lower(w.scene_id)
        else c.library_category <> 'archived' and (c.specific_tags ? w.tag or c.generic_tags ? w.tag) end
    order by rank
    limit w.most
  ) as found
$$;
comment on function private.reuse_items(jsonb, text) is
  'Scenes of the caller''s library that wishes ask for, as item@version, in their order, 20 at most: for each tag the best by performance, then those used least.';

create function private.reuse_problem(p_reuse jsonb)
returns text
language sql
immutable
set search_path = ''
return (
  select min(case
    when jsonb_typeof(w.value) <> 'object' then 'is not an object {tag, tags, item, items, scene, scenes, version, limit}'
    when w.value - '{tag,tags,item,items,scene,scenes,version,limit}'::text [] <> '{}'
      then 'has a field other than tag, tags, item, items, scene, scenes, version and limit'
    when not w.value ?| '{tag,tags,item,items,scene,scenes}' then 'names no tag, item or scene'
    when w.value ? 'version' and w.value ->> 'version' !~ '^(latest|[1-9][0-9]{0,5})$' then 'has a version that is neither latest nor a number'
    when w.value ? 'limit' and w.value ->> 'limit' !~ '^([1-9]|1[0-9]|20)$' then 'has a limit that is not from 1 to 20'
    when exists (
      select from unnest('{tag,item,scene}'::text []) as f where w.value ? f and jsonb_typeof(w.value -> f) <> 'string'
    ) or exists (
      select from unnest('{tags,items,scenes}'::text []) as f
      where w.value ? f and (jsonb_typeof(w.value -> f) <> 'array' or w.value -> f -> 20 is not null
        or jsonb_path_exists(w.value -> f, '$[*] ? (@.type() != "string")'))
    ) then 'names tags, items or scenes that are not text' end)
  from jsonb_array_elements(private.reuse_list(p_reuse)) as w
);
comment on function private.reuse_problem(jsonb) is 'What is wrong with the form of wishes for scenes of the library; null when nothing is.';

create function private.reuse_problems(p_topics jsonb, p_options jsonb)
returns jsonb
language sql
stable
set search_path = ''
as $$
  with asked as (
    select null::bigint as n, p_options -> 'reuse' as reuse, 'en' as language, true as is_default where p_options ? 'reuse'
    union all
    select t.ordinality, t.value -> 'reuse', lower(split_part(coalesce(t.value ->> 'language', 'en'), '-', 1)), false
    from jsonb_array_elements(p_topics) with ordinality as t
    where jsonb_typeof(t.value) = 'object' and jsonb_typeof(t.value -> 'reuse') <> 'null'
  ), problem as (
    select a.n, case
        when jsonb_typeof(a.reuse) not in ('object', 'array') or a.reuse -> 20 is not null
          then 'is neither a wish for scenes of the library nor a list of up to 20'
        when private.reuse_problem(a.reuse) is not null then private.reuse_problem(a.reuse)
        -- What is said for all topics may find nothing in the language of some.
        when not a.is_default and private.reuse_items(a.reuse, a.language) = '{}' then 'finds no scene in your library in the language of the video'
      end as reason
    from asked as a
  )
  select jsonb_agg(private.as_problem(n, 'reuse', reason) order by n) from problem where reason is not null
$$;
comment on function private.reuse_problems(jsonb, jsonb) is 'Everything wrong with wishes for scenes of the library, of topics and for all; null when nothing is.';

create function private.with_library_items(p_topics jsonb, p_options jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  if not p_options ? 'reuse' and not jsonb_path_exists(p_topics, '$[*] ? (exists (@.reuse) || exists (@.library_items))') then
    return p_topics;
  end if;
  return (
    with topic as (
      select t.ordinality as n, t.value as v, coalesce(nullif(t.value -> 'reuse', 'null'), p_options -> 'reuse') as reuse,
        lower(split_part(coalesce(t.value ->> 'language', 'en'), '-', 1)) as language
      from jsonb_array_elements(p_topics) with ordinality as t
    ), wish as materialized (
      select d.reuse, d.language, to_jsonb(private.reuse_items(d.reuse, d.language)) as items
      from (select distinct topic.reuse, topic.language from topic where topic.reuse is not null) as d
    ), item as (
      select topic.n, topic.v - 'reuse' as v, coalesce((
          select jsonb_agg(i.value || case when i.value like '%@%' then '' else coalesce('@' || (
            select c.latest_version from public.content_library as c
            where c.tenant_id = private.tenant_id() and c.id::text = lower(i.value)), '') end order by i.ordinality)
          from jsonb_array_elements_text(coalesce(nullif(topic.v -> 'library_items', 'null'), '[]')) with ordinality as i
        ), '[]') || coalesce(wish.items, '[]') as items
      from topic left join wish on wish.reuse = topic.reuse and wish.language = topic.language
    )
    select jsonb_agg(case item.items when '[]' then item.v else item.v || jsonb_build_object('library_items', item.items) end order by item.n)
    from item
  );
end
$$;
comment on function private.with_library_items(jsonb, jsonb) is
  'Topics without problems, with the scenes of the library that they and the options ask for by name, tag and version, as item@version.';

grant execute on function public.add_library_version(uuid, jsonb), public.library_uses(uuid) to authenticated;

-- Quality of content, and curation of the library by how its scenes perform.

create function private.technical_quality(p_facts jsonb, p_size_bytes bigint)
returns real
language sql
immutable
set search_path = ''
return case when p_size_bytes > 0 then (
  10
  -- Platforms play everything at -14 LUFS; a peak above -1 dBTP may clip.
  - case jsonb_typeof(p_facts -> 'lufs') when 'number' then least(4, greatest(0, abs((p_facts ->> 'lufs')::numeric + 14) - 0.5)) else 0 end
  - case when jsonb_typeof(p_facts -> 'true_peak_dbtp') = 'number' and (p_facts ->> 'true_peak_dbtp')::numeric > -0.9 then 2 else 0 end
  - case jsonb_typeof(p_facts -> 'scenes_left_out') when 'array' then least(3, jsonb_array_length(p_facts -> 'scenes_left_out')) else 0 end
  - case p_facts ->> 'timing' when 'proportional' then 1 else 0 end
) else 0 end;
comment on function private.technical_quality(jsonb, bigint) is
  'How good a file is by itself, 0 to 10: 0 when it is empty; less for loudness off -14 LUFS by more than 0.5, a true peak above -0.9 dBTP, scenes that '
  'did not fit in the platform''s longest duration, and word times that are only estimated.';

create function private.report_score(p_report public.performance_metrics)
returns real
language sql
immutable
set search_path = ''
return case when p_report.performance_score > 0 then p_report.performance_score else least(10, p_report.engagement_rate * 100) end;
comment on function private.report_score(public.performance_metrics) is
  'A report of figures as one number, 0 to 10: its own score, or else the engagement rate, of which a tenth is the best.';

create function private.score_content(p_content public.generated_content)
returns void
language sql
set search_path = ''
as $$
  update public.generated_content as c
  set quality_score = round((0.6 * private.technical_quality(a.facts, c.file_size) + 0.4 * r.score)::numeric, 2)
  from (
    select avg(private.report_score(m)) as score from public.performance_metrics as m
    where m.tenant_id = p_content.tenant_id and m.content_id = p_content.id
  ) as r
  left join public.artifacts as a
    on a.tenant_id = p_content.tenant_id and a.content_key = p_content.generation_metadata ->> 'content_key'
  where c.id = p_content.id and r.score is not null and a.status is distinct from 'damaged'
$$;
comment on function private.score_content(public.generated_content) is
  'Writes the quality of content that has figures: six tenths what it is by itself, four tenths the average of its reports.';

create function private.scene_scores(p_tenant_id uuid)
returns table (item_id uuid, score real, report_count bigint)
language sql
stable
set search_path = ''
as $$
  with used as (
    select v.item_id, j.id as job_id
    from public.library_versions as v
    join public.generation_jobs as j
      on j.tenant_id = v.tenant_id and j.params ? 'library_items' and j.params -> 'library_items' @> to_jsonb(v.item_id || '@' || v.number)
    where v.tenant_id = p_tenant_id
    union
    select c.id, w.job_id
    from public.content_library as c
    join public.scenes as s on s.tenant_id = c.tenant_id and s.id = c.scene_id
    join public.scripts as w on w.tenant_id = s.tenant_id and w.id = s.script_id
    where c.tenant_id = p_tenant_id and w.job_id is not null
  )
  select used.item_id, avg(private.report_score(m))::real, count(*)
  from used
  join public.generated_content as g on g.tenant_id = p_tenant_id and g.job_id = used.job_id
  join public.performance_metrics as m on m.tenant_id = p_tenant_id and m.content_id = g.id
  group by used.item_id
$$;
comment on function private.scene_scores(uuid) is 'How videos with a scene of the library perform, 0 to 10, and over how many reports.';

create function private.curation_policy(p_tenant_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'promote_at', 7, 'demote_below', 4, 'archive_below', 2, 'archive_unused_days', 180, 'min_reports', 3, 'is_automatic', false)
    || coalesce((
      select jsonb_object_agg(p.key, p.value)
      from jsonb_each(case jsonb_typeof(t.settings -> 'curation') when 'object' then t.settings -> 'curation' else '{}' end) as p
      where jsonb_typeof(p.value) = case p.key when 'is_automatic' then 'boolean' else 'number' end
    ), '{}')
  from public.tenants as t where t.id = p_tenant_id
$$;
comment on function private.curation_policy(uuid) is
  'By what scenes of the library change their category: tenants.settings.curation over the defaults. Scores are 0 to 10.';

create function private.curated(p_tenant_id uuid, p_policy jsonb)
returns table (item_id uuid, old_category text, new_category text, score real, report_count bigint, reason text)
language sql
stable
set search_path = ''
as $$
  select c.id, c.library_category, n.category, coalesce(s.score, 0), coalesce(s.report_count, 0), n.reason
  from public.content_library as c
  left join private.scene_scores(p_tenant_id) as s on s.item_id = c.id
  cross join jsonb_to_record(p_policy) as p (
    promote_at numeric, demote_below numeric, archive_below numeric, archive_unused_days numeric, min_reports numeric
  )
  cross join lateral (
    select case
      when s.report_count >= p.min_reports and s.score >= p.promote_at and c.library_category in ('experimental', 'archived') then 'high_performance'
      when s.report_count >= p.min_reports and s.score < p.archive_below and c.library_category in ('experimental', 'high_performance') then 'archived'
      when s.report_count >= p.min_reports and s.score < p.demote_below and c.library_category = 'high_performance' then 'experimental'
      when c.library_category = 'experimental' and s.score is null
        and coalesce(c.last_used, c.created_at) < now() - make_interval(days => p.archive_unused_days::int) then 'archived'
      else c.library_category end as category
  ) as k
  cross join lateral (
    select k.category, case
      when k.category = c.library_category then 'unchanged'
      when s.score is null then format('not used for %s days', p.archive_unused_days)
      else format('score %s over %s reports', round(s.score::numeric, 1), s.report_count) end as reason
  ) as n
  -- What somebody likes or shares is left alone, apart from its score.
  where c.tenant_id = p_tenant_id and (k.category <> c.library_category or coalesce(s.score, 0) <> c.performance_score)
$$;
comment on function private.curated(uuid, jsonb) is 'What curation would change in a tenant''s library, and why.';

create function private.curate(p_tenant_id uuid, p_policy jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_changes jsonb := (select coalesce(jsonb_agg(to_jsonb(c) order by c.item_id), '[]') from private.curated(p_tenant_id, p_policy) as c);
begin
  update public.content_library as c
  set library_category = n.new_category, performance_score = n.score
  from jsonb_to_recordset(v_changes) as n (item_id uuid, old_category text, new_category text, score real)
  where c.tenant_id = p_tenant_id and c.id = n.item_id and c.library_category = n.old_category;
  return v_changes;
end
$$;
comment on function private.curate(uuid, jsonb) is 'Curates a tenant''s library; returns what was changed.';

create function public.curate_library(is_dry_run boolean default false, policy jsonb default '{}')
returns jsonb
language plpgsql
-- definer: scores are the service side's, and reports of all projects count, whatever the caller's analytics scope.
security definer
set search_path = ''
as $$
declare
  v_tenant_id uuid := private.check_role('editor', 'curate the library');
  v_policy jsonb := private.curation_policy(v_tenant_id) || coalesce(policy, '{}');
  v_changes jsonb;
begin
  if jsonb_typeof(coalesce(policy, '{}')) <> 'object' or exists (
    select from jsonb_each(v_policy) as p
    where jsonb_typeof(p.value) <> case p.key when 'is_automatic' then 'boolean' else 'number' end
      or p.key not in ('promote_at', 'demote_below', 'archive_below', 'archive_unused_days', 'min_reports', 'is_automatic')
  ) then
    raise exception 'This is no policy for curation.' using errcode = 'CR001',
      hint = 'Send an object with numbers for promote_at, demote_below, archive_below, archive_unused_days and min_reports.';
  end if;
  if is_dry_run then
    v_changes := (select coalesce(jsonb_agg(to_jsonb(c) order by c.item_id), '[]') from private.curated(v_tenant_id, v_policy) as c);
  else
    v_changes := private.curate(v_tenant_id, v_policy);
  end if;
  return jsonb_build_object('is_dry_run', is_dry_run, 'policy', v_policy, 'changes', v_changes);
end
$$;
comment on function public.curate_library(boolean, jsonb) is
  'Scores the scenes of the tenant''s library by how videos with them perform, promotes what does well and archives what does not or is not used, by the '
  'policy in tenants.settings.curation, or the one sent: {promote_at, demote_below, archive_below, archive_unused_days, min_reports}. Favorites and '
  'public scenes keep their category. A dry run only tells. Returns {is_dry_run, policy, changes: [{item_id, old_category, new_category, score, '
  'report_count, reason}]}. For editors. Raises CR001 or CR003.';
grant execute on function public.curate_library(boolean, jsonb) to authenticated;

create or replace function private.topic_problems(p_topics jsonb)
returns jsonb
language sql
stable
set search_path = ''
as $$
  with topic as materialized (
    select t.ordinality as n, case jsonb_typeof(t.value) when 'object' then t.value else '{}'::jsonb end as v
    from jsonb_array_elements(p_topics) with ordinality as t
  ), problem as (
    select t.n, c.field, c.reason
    from topic as t
    cross join lateral (values
      ('topic', case when coalesce(btrim(t.v ->> 'topic'), '') = '' then 'is missing or empty'
        when length(t.v ->> 'topic') > 500 then 'is longer than 500 characters' end),
      ('brief', case when length(t.v ->> 'brief') > 50000 then 'is longer than 50,000 characters' end),
      ('audience', case when length(t.v ->> 'audience') > 500 then 'is longer than 500 characters' end),
      ('voice', case when length(t.v ->> 'voice') > 100 then 'is longer than 100 characters' end),
      ('metadata', case when length(t.v ->> 'metadata') > 20000 then 'is longer than 20,000 characters' end),
      ('language', case when t.v ->> 'language' !~ '^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$' then 'is not a language tag like en or pt-BR' end),
      ('duration_s', case when jsonb_typeof(t.v -> 'duration_s') <> 'null' and not case
          when jsonb_typeof(t.v -> 'duration_s') = 'number' and t.v ->> 'duration_s' ~ '^[0-9]{1,3}$'
            then (t.v ->> 'duration_s')::int between 5 and 600
          else false end then 'is not a whole number from 5 to 600' end),
      ('platforms', case when jsonb_typeof(t.v -> 'platforms') is distinct from 'array' or t.v -> 'platforms' = '[]'
        then 'names no platform' end),
      ('images', case when jsonb_typeof(t.v -> 'images') not in ('array', 'null') or t.v -> 'images' -> 50 is not null
        then 'is not a list of up to 50 stored files' end)
    ) as c (field, reason)
    where c.reason is not null
    union all
    select t.n, f.field, 'is not text'
    from unnest('{topic,brief,audience,tone,script_type,priority,language,voice}'::text []) as f (field)
    join topic as t on jsonb_typeof(t.v -> f.field) not in ('string', 'null')
    union all
    select t.n, k.field, 'is not something a topic has'
    from topic as t
    cross join lateral (
      select t.v - '{topic,brief,audience,tone,script_type,priority,language,voice,duration_s,platforms,images,library_items,reuse,metadata,after_rows,after_condition,after_failure,deadline,on_deadline}'::text []
        as v
    ) as rest
    cross join lateral jsonb_object_keys(rest.v) as k (field)
    where rest.v <> '{}'
    union all
    select t.n, c.field, format('%L is not one of %s', x.value, array_to_string(c.allowed, ', '))
    from private.topic_choices() as c
    join topic as t on jsonb_typeof(t.v -> c.field) <> 'null'
    cross join lateral jsonb_array_elements_text(
      case jsonb_typeof(t.v -> c.field) when 'array' then t.v -> c.field else jsonb_build_array(t.v -> c.field) end) as x (value)
    where coalesce(x.value, 'null') <> all(c.allowed)
    union all
    select t.n, 'images', 'holds something that is not a stored file of yours'
    from topic as t
    cross join lateral jsonb_array_elements(case jsonb_typeof(t.v -> 'images') when 'array' then t.v -> 'images' else '[]' end) as i
    where not private.is_own_file(i)
  )
  select jsonb_agg(private.as_problem(n, field, reason) order by n, field) from problem
$$;
comment on function private.topic_problems(jsonb) is 'Everything wrong with a list of topics; null when nothing is.';

create or replace function private.library_scene(p_item_id text)
returns table (item_id uuid, language text, scene jsonb)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select c.id, s.language, case when c.tenant_id = private.tenant_id()
    then jsonb_build_object('scene_type', v.scene_type, 'voiceover_text', v.voiceover_text,
      'visual_description', v.visual_description, 'heading', v.heading, 'points', v.points)
    -- Of another tenant's scene there is only what it shares.
    else jsonb_build_object('scene_type', 'main_content', 'voiceover_text', c.preview_text,
      'visual_description', c.preview_text, 'heading', '', 'points', '[]'::jsonb) end
  from public.content_library as c
  join public.scenes as s on s.id = c.scene_id
  join public.library_versions as v on v.item_id = c.id
    and v.number = coalesce(case when p_item_id ~ '@[1-9][0-9]{0,5}$' then split_part(p_item_id, '@', 2)::int end, c.latest_version)
  where c.id = case when pg_catalog.lower(p_item_id) ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(@[1-9][0-9]{0,5})?$'
      then split_part(p_item_id, '@', 1)::uuid end
    and (c.tenant_id = private.tenant_id() or c.library_category = 'public');
end
$$;
comment on function private.library_scene(text) is
  'A scene of the library as a script takes it, by the id of the item, or item@version (default: the latest); no row unless it is the caller''s own or public. Of a public scene of '
  'another tenant the preview is all there is.';

create or replace function private.request_problems(p_topics jsonb, p_options jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  if not private.is_topic_list(p_topics) then
    return jsonb_build_array(private.as_problem(null, 'topics', 'is not a list of 1 to 10,000 topics'));
  elsif jsonb_typeof(p_options) is distinct from 'object' then
    return jsonb_build_array(private.as_problem(null, 'options', 'is not an object'));
  end if;
  return coalesce(private.option_problems(p_options), '[]') || coalesce(private.timing_problems(p_options), '[]') || coalesce(private.topic_problems(p_topics), '[]')
    || coalesce(private.library_problems(p_topics), '[]') || coalesce(private.wait_problems(p_topics), '[]')
    || coalesce(private.lane_problems(p_topics), '[]') || coalesce(private.reuse_problems(p_topics, p_options), '[]');
end
$$;
comment on function private.request_problems(jsonb, jsonb) is 'Everything wrong with the topics and options of a batch; an empty list when nothing is.';

create or replace function private.library_scenes(p_item_ids jsonb)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_agg(l.scene order by i.ordinality)
  from jsonb_array_elements_text(case jsonb_typeof(p_item_ids) when 'array' then p_item_ids else '[]' end) with ordinality as i
  cross join lateral private.library_scene(i.value) as l
$$;
comment on function private.library_scenes(jsonb) is
  'The scenes of library items, in order, in the version named: what becomes of an item later changes no job. Null for none.';

create or replace function private.count_library_use(p_topics jsonb)
returns void
language sql
set search_path = ''
as $$
  with used as (
    select split_part(i.value, '@', 1)::uuid as id, count(*)::int as times
    from jsonb_array_elements(p_topics) as t
    cross join lateral jsonb_array_elements_text(
      case jsonb_typeof(t.value -> 'library_items') when 'array' then t.value -> 'library_items' else '[]' end) as i
    group by split_part(i.value, '@', 1)::uuid
  ), item as materialized (
    -- In one order, because tenants share the public ones.
    select c.id, used.times from public.content_library as c join used on used.id = c.id order by c.id for no key update of c
  )
  update public.content_library as c
  set usage_count = c.usage_count + item.times, last_used = now()
  from item
  where c.id = item.id
$$;
comment on function private.count_library_use(jsonb) is 'Counts the use of the scenes of the library that topics name.';

create or replace function public.create_batch(
  project_id uuid, topics jsonb, options jsonb default '{}', idempotency_key text default null
)
returns jsonb
language plpgsql
-- definer: users may not write jobs and tasks; it asserts tenant, role and project itself.
security definer
set search_path = ''
-- Queries on partitioned tables, those of foreign keys too, would otherwise be planned again for every row and call.
set plan_cache_mode = 'force_generic_plan'
as $$
#variable_conflict use_column
declare
  v_project public.projects;
  v_batch public.batches;
  v_is_new boolean := true;
begin
  -- Before anything is locked: a new leaf locks whole tables.
  perform private.ensure_partitions(1);
  v_project := private.check_may_create(create_batch.project_id);
  perform private.lock_tenant(v_project.tenant_id);
  if idempotency_key is not null then
    v_batch := private.batch_of_key(v_project, idempotency_key, jsonb_build_array(project_id, topics, options));
    v_is_new := v_batch.id is null;
  end if;
  if v_is_new then
    perform private.check_request(topics, options);
    topics := private.with_library_items(topics, options);
    v_batch := private.insert_batch(v_project, options);
    perform private.insert_jobs(v_batch, topics, coalesce(options ->> 'job_type', 'batch'));
    perform private.apply_waits(v_batch, topics);
    perform private.count_library_use(topics);
    update public.idempotency_keys as k set batch_id = v_batch.id
    where k.tenant_id = v_project.tenant_id and k.key = create_batch.idempotency_key;
    perform private.release();
  end if;
  return (
    select jsonb_build_object('batch_id', b.id, 'number', b.number, 'job_count', b.job_count, 'is_new', v_is_new)
    from public.batches as b where b.id = v_batch.id);
end
$$;
comment on function public.create_batch(uuid, jsonb, jsonb, text) is
  'Creates a batch: one job per topic object {topic, platforms, brief?, audience?, tone?, script_type?, language?, duration_s?, priority?, '
  'voice?, images?, library_items?, reuse?, metadata?, after_rows?, after_condition?, after_failure?, deadline?, on_deadline?}, in one transaction. Options: title, max_concurrent_tasks, job_type, starts_at, after, after_condition, after_failure, deadline, on_deadline, reuse. The same idempotency key and request again return '
  'the same batch. Raises CR001 with every problem in the detail, CR002, CR003 or CR004.';

create or replace function private.reserve_artifact(p_task public.stage_tasks, p_content_key text, p_version text, p_attempt_id uuid)
returns text
language plpgsql
set search_path = ''
as $$
declare
  v_artifact public.artifacts;
begin
  insert into public.artifacts (tenant_id, content_key, stage, stage_version, attempt_id, job_id, task_id)
  values (p_task.tenant_id, p_content_key, p_task.stage, p_version, p_attempt_id, p_task.job_id, p_task.id)
  on conflict (tenant_id, content_key) do nothing;
  if found then
    return 'run';
  end if;
  select * into v_artifact from public.artifacts
  where tenant_id = p_task.tenant_id and content_key = p_content_key for update;
  if v_artifact.status in ('ready', 'condemned') then
    update public.artifacts set status = 'ready', condemned_at = null, reuse_count = reuse_count + 1, last_used_at = now()
    where tenant_id = p_task.tenant_id and content_key = p_content_key;
    return 'reused';
  elsif exists (
    select from public.stage_tasks as t
    where t.job_id = v_artifact.job_id and t.id = v_artifact.task_id
      and t.status = 'processing' and t.attempt_id = v_artifact.attempt_id
  ) then
    return 'parked';
  end if;
  -- It is damaged, or whoever was computing it is gone without a result: take over.
  update public.artifacts
  set status = 'computing', attempt_id = p_attempt_id, job_id = p_task.job_id, task_id = p_task.id, created_at = now()
  where tenant_id = p_task.tenant_id and content_key = p_content_key;
  return 'run';
end
$$;
comment on function private.reserve_artifact(public.stage_tasks, text, text, uuid) is
  'Decides for a claimed task: run (this attempt computes), reused (it is there), or parked (another attempt is computing it).';

create or replace function private.store_content(p_tasks public.stage_tasks [], p_is_reused boolean)
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into public.generated_content (
    tenant_id, project_id, job_id, task_id, scene_id, content_type, role, file_name, file_path, file_size, sha256,
    duration_ms, duration, platform, resolution, format, generation_metadata, quality_score
  )
  select t.tenant_id, t.project_id, t.job_id, t.id, s.id,
    case f ->> 'role' when 'narration' then 'audio' when 'segment' then 'video' when 'video' then 'video'
      when 'thumbnail' then 'thumbnail' when 'manifest' then 'manifest' else 'subtitle' end,
    f ->> 'role', f ->> 'name', f ->> 'path', (f ->> 'size_bytes')::bigint, f ->> 'sha256',
    d.duration_ms, ceil(d.duration_ms / 1000.0)::int, coalesce(t.platform, 'universal'),
    case when f ->> 'role' in ('segment', 'video') then t.width || 'x' || t.height end,
    nullif(substring(f ->> 'name' from '\.([^.]+)$'), ''),
    jsonb_build_object('content_key', a.content_key, 'stage_version', a.stage_version, 'is_reused', p_is_reused)
      || coalesce(jsonb_strip_nulls(jsonb_build_object('provider', a.facts -> 'provider',
        'voice_id', a.facts -> 'voice', 'layout', a.facts -> 'layout')), '{}'),
    private.technical_quality(a.facts, (f ->> 'size_bytes')::bigint)
  from unnest(p_tasks) as t
  join public.artifacts as a on a.tenant_id = t.tenant_id and a.content_key = t.content_key
  cross join lateral jsonb_array_elements(a.files) as f
  cross join lateral (
    select coalesce((a.facts ->> 'duration_ms')::int, ((a.facts ->> 'sample_count')::bigint / 48)::int,
      ((a.facts ->> 'frame_count')::int * 1000 / 30)) as duration_ms
  ) as d
  left join lateral private.script_of(t.job_id, t.tenant_id) as script on t.scene_number is not null
  left join public.scenes as s on s.script_id = script.id and s.scene_number = t.scene_number;
end
$$;
comment on function private.store_content(public.stage_tasks [], boolean) is 'One row of generated_content for each file of the tasks'' artifacts.';

create or replace function private.keep_results(p_results private.result [], p_tasks public.stage_tasks [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.spare_files(array(select r.files from unnest(p_results) as r));
  update public.artifacts as a
  set status = 'ready', ready_at = now(), damaged_at = null, checked_at = null, facts = r.facts, files = r.files,
    size_bytes = (select coalesce(sum((f ->> 'size_bytes')::bigint), 0) from jsonb_array_elements(r.files) as f)
  from unnest(p_tasks) as t
  join unnest(p_results) as r on r.attempt_id = t.attempt_id
  where a.tenant_id = t.tenant_id and a.content_key = t.content_key;
  update public.task_attempts as a
  set status = 'completed', finished_at = now(), timings = r.timings
  from unnest(p_tasks) as t
  join unnest(p_results) as r on r.attempt_id = t.attempt_id
  where a.job_id = t.job_id and a.id = t.attempt_id;
  perform private.finish_tasks(p_tasks, false);
end
$$;
comment on function private.keep_results(private.result [], public.stage_tasks []) is
  'Completes tasks, which are locked and run, with what their attempts made. The caller releases the next.';

create or replace function private.record_performance(p_content_id uuid, p_platform text, p_figures jsonb)
returns jsonb
language plpgsql
-- definer: figures are the service side's, and the API acts for the tenant of the claims.
security definer
set search_path = ''
as $$
declare
  v_content public.generated_content;
  v_problems jsonb := case jsonb_typeof(p_figures) when 'object' then private.figure_problems(p_figures)
    else jsonb_build_array(private.as_problem(null, 'figures', 'is not an object')) end;
  v_id uuid := private.uuid_v7();
  v_date date := (now() at time zone 'utc')::date;
begin
  perform private.ensure_partitions(1);
  select * into v_content from public.generated_content where id = p_content_id and tenant_id = private.tenant_id();
  if not found then
    raise exception 'There is no content %.', p_content_id
      using errcode = 'CR002', hint = 'List what a job made, and use the id of one of the files.';
  elsif not exists (select from public.platforms where platform = p_platform) then
    v_problems := coalesce(v_problems, '[]') || private.as_problem(null, 'platform', 'is not a platform');
  end if;
  if v_problems is not null then
    raise exception 'These figures cannot be used.'
      using errcode = 'CR001', detail = v_problems::text, hint = 'Correct the fields named, or leave them out.';
  end if;
  insert into public.performance_metrics (
    id, tenant_id, project_id, content_id, platform, views, likes, dislikes, comments_count, shares, saves, watch_time,
    engagement_rate, click_through_rate, performance_score
  )
  select v_id, v_content.tenant_id, v_content.project_id, v_content.id, p_platform, coalesce(f.views, 0), coalesce(f.likes, 0),
    coalesce(f.dislikes, 0), coalesce(f.comments_count, 0), coalesce(f.shares, 0), coalesce(f.saves, 0), coalesce(f.watch_time, 0),
    coalesce(f.engagement_rate, 0), coalesce(f.click_through_rate, 0), coalesce(f.performance_score, 0)
  from jsonb_to_record(p_figures) as f (
    views bigint, likes bigint, dislikes bigint, comments_count bigint, shares bigint, saves bigint, watch_time bigint,
    engagement_rate real, click_through_rate real, performance_score real
  );
  -- Two reports at once: the second waits here, and then sees the first.
  insert into public.analytics (tenant_id, project_id, date) values (v_content.tenant_id, v_content.project_id, v_date)
  on conflict (project_id, date) do nothing;
  perform from public.analytics where project_id = v_content.project_id and date = v_date for update;
  perform private.sum_up_day(v_content.project_id, v_date);
  perform private.score_content(v_content);
  return jsonb_build_object('id', v_id, 'project_id', v_content.project_id, 'date', v_date);
end
$$;
comment on function private.record_performance(uuid, text, jsonb) is
  'Records a report of figures for a content of the tenant that the claims name, and brings the day of its project up to date. Raises CR001 or CR002.';

update public.generated_content as c
set quality_score = private.technical_quality(a.facts, c.file_size)
from public.artifacts as a
where a.tenant_id = c.tenant_id and a.content_key = c.generation_metadata ->> 'content_key' and c.quality_score = 0;
