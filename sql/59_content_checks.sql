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
