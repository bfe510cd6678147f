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

create function private.collect_garbage_of_all(p_after uuid default null, p_is_dry_run boolean default false, p_seconds float default 3)
returns jsonb
language plpgsql
-- definer: for operators, whose role may not write artifacts.
security definer
set search_path = ''
as $$
declare
  v_until timestamptz := clock_timestamp() + p_seconds * interval '1 second';
  v_most constant int := 10000;
  v_after uuid := p_after;
  v_tenant_id uuid;
  v_found record;
  v_tenants int := 0;
  v_artifacts bigint := 0;
  v_bytes bigint := 0;
  v_is_finished boolean := true;
begin
  for v_tenant_id in select t.id from public.tenants as t where p_after is null or t.id > p_after order by t.id loop
    select count(*) as artifacts, coalesce(sum(g.size_bytes), 0)::bigint as bytes into v_found
    from (
      select a.size_bytes from public.artifacts as a
      where a.tenant_id = v_tenant_id and a.status in ('ready', 'damaged')
        and a.content_key not in (select k from private.kept_keys(v_tenant_id) as k where k is not null)
      limit case when not p_is_dry_run then v_most end
    ) as g;
    if not p_is_dry_run then
      if v_found.artifacts > 0 then
        perform private.condemn_artifacts(v_tenant_id, v_most);
      end if;
      insert into private.content_sweeps as w (tenant_id, condemned_at) values (v_tenant_id, now())
      on conflict (tenant_id) do update set condemned_at = excluded.condemned_at, orphans_at = '-infinity';
    end if;
    v_artifacts := v_artifacts + v_found.artifacts;
    v_bytes := v_bytes + v_found.bytes;
    v_is_finished := p_is_dry_run or v_found.artifacts < v_most;
    exit when not v_is_finished;
    v_tenants := v_tenants + 1;
    v_after := v_tenant_id;
    v_is_finished := clock_timestamp() < v_until;
    exit when not v_is_finished;
  end loop;
  return jsonb_build_object('tenants', v_tenants, 'artifacts', v_artifacts, 'bytes', v_bytes, 'next_after', v_after, 'is_finished', v_is_finished);
end
$$;
comment on function private.collect_garbage_of_all(uuid, boolean, float) is
  'For operators: as collect_garbage, for the tenants after this one in the order of their ids, as many as fit into so many seconds. Returns {tenants, '
  'artifacts, bytes, next_after, is_finished}: repeat it with next_after until it is finished. A dry run condemns nothing.';
grant execute on function private.collect_garbage_of_all(uuid, boolean, float) to service_role, cliprow_api;

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
