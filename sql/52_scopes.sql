-- What pause, cancel, priority and caps have in common: whom they lock, what they take back from the queue, and the
-- withdrawal of projects and tenants, in pieces that each stay short.

create function private.project_to_control(p_project_id uuid)
returns public.projects
language plpgsql
set search_path = ''
as $$
declare
  v_project public.projects;
  v_tenant_id uuid := private.acting_tenant_id();
begin
  perform private.lock_tenant(v_tenant_id);
  select p.* into v_project from public.projects as p
  where p.id = p_project_id and p.tenant_id = v_tenant_id and p.deleted_at is null
  for no key update;
  if not found then
    raise exception 'There is no project %.', p_project_id
      using errcode = 'CR002', hint = 'List the projects, and use the id of one of them.';
  end if;
  perform private.check_controls(p_project_id, 'control this project');
  return v_project;
end
$$;
comment on function private.project_to_control(uuid) is
  'The project, with its tenant and itself locked, in that order, if the caller controls it; raises CR002 or CR003 otherwise.';

create function private.tenant_to_control(p_doing text)
returns public.tenants
language plpgsql
set search_path = ''
as $$
declare
  v_tenant public.tenants;
  v_tenant_id uuid := private.acting_tenant_id();
begin
  if not private.has_role('admin') then
    raise exception 'Your role does not allow you to %.', p_doing
      using errcode = 'CR003', hint = 'Ask an admin or owner, or do it for a project that you control.';
  end if;
  perform private.lock_tenant(v_tenant_id);
  select t.* into strict v_tenant from public.tenants as t where t.id = v_tenant_id for no key update;
  return v_tenant;
end
$$;
comment on function private.tenant_to_control(text) is
  'The caller''s tenant, with its queue and itself locked, in that order, if the caller is an admin or owner; raises CR003 otherwise.';

create function private.active_tasks(p_tenant_id uuid, p_scope text, p_id uuid, p_with_running boolean)
returns public.stage_tasks []
language plpgsql
stable
set search_path = ''
as $$
begin
  return array(
    select t from public.stage_tasks as t
    where t.tenant_id = p_tenant_id and t.status in ('queued', 'processing') and (p_with_running or t.status = 'queued')
      and case p_scope when 'job' then t.job_id when 'batch' then t.batch_id when 'project' then t.project_id else t.tenant_id end = p_id
  );
end
$$;
comment on function private.active_tasks(uuid, text, uuid, boolean) is
  'What is queued of a job, batch, project or tenant, and if wanted what runs of it. Few by nature: the release window keeps it so.';

create function private.close_attempts(p_tasks public.stage_tasks [], p_status text)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.task_attempts as a
  set status = p_status, finished_at = now()
  from unnest(p_tasks) as t
  where t.status = 'processing' and a.job_id = t.job_id and a.id = t.attempt_id;
  delete from public.artifacts as a
  using unnest(p_tasks) as t
  where t.status = 'processing' and a.tenant_id = t.tenant_id and a.content_key = t.content_key
    and a.status = 'computing' and a.attempt_id = t.attempt_id;
  update public.stage_tasks as w
  set awaits_key = null
  from (select distinct t.tenant_id, t.content_key from unnest(p_tasks) as t where t.status = 'processing') as t
  where w.tenant_id = t.tenant_id and w.awaits_key = t.content_key;
end
$$;
comment on function private.close_attempts(public.stage_tasks [], text) is
  'Closes the attempts of those tasks that run, without a result, and lets tasks run that waited for theirs.';

create function private.take_back(p_tasks public.stage_tasks [])
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_count int;
begin
  perform private.close_attempts(p_tasks, 'handed_back');
  update public.stage_tasks as t
  set status = 'pending', progress = 0
  from unnest(p_tasks) as o
  where t.job_id = o.job_id and t.id = o.id and t.status in ('queued', 'processing');
  get diagnostics v_count = row_count;
  perform private.drop_entries(array(select o.entry_id from unnest(p_tasks) as o where o.entry_id is not null));
  return v_count;
end
$$;
comment on function private.take_back(public.stage_tasks []) is
  'Lets queued and running tasks, whose tenants are locked, wait again: attempts lose their token and count as neither failed nor lost, '
  'entries go, workers stop what they run. Returns how many.';

create function private.open_job_count(p_tenant_id uuid, p_project_id uuid default null, p_batch_id uuid default null)
returns int
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(sum(b.pending_count + b.processing_count), 0)::int
    from public.batches as b
    where b.tenant_id = p_tenant_id and (p_project_id is null or b.project_id = p_project_id)
      and (p_batch_id is null or b.id = p_batch_id) and b.status not in ('completed', 'partial', 'failed', 'cancelled')
  );
end
$$;
comment on function private.open_job_count(uuid, uuid, uuid) is 'How many jobs of a tenant, project or batch have not ended.';

create function private.withdraw_some(
  p_tenant_id uuid, p_project_id uuid default null, p_batch_id uuid default null, p_seconds float default 3,
  p_most int default 10000
)
returns uuid []
language plpgsql
set search_path = ''
as $$
declare
  v_until timestamptz := clock_timestamp() + p_seconds * interval '1 second';
  v_began_at timestamptz;
  v_slice int := 50;
  v_done uuid [] := '{}';
  -- What is at work comes first, so that the first call stops all of it.
  v_job_ids uuid [] := array(
    select distinct t.job_id from public.stage_tasks as t
    where t.tenant_id = p_tenant_id and t.status in ('queued', 'processing')
      and (p_project_id is null or t.project_id = p_project_id) and (p_batch_id is null or t.batch_id = p_batch_id)
    order by t.job_id
  );
begin
  loop
    v_began_at := clock_timestamp();
    perform private.withdraw(v_job_ids);
    v_done := v_done || v_job_ids;
    exit when clock_timestamp() > v_until or cardinality(v_done) >= p_most;
    -- Jobs that have only begun are many and light.
    if clock_timestamp() < v_began_at + interval '0.1 seconds' then
      v_slice := least(2 * v_slice, 2000);
    end if;
    v_job_ids := array(
      select j.id from public.generation_jobs as j
      where j.tenant_id = p_tenant_id and j.status in ('pending', 'processing')
        and (p_project_id is null or j.project_id = p_project_id) and (p_batch_id is null or j.batch_id = p_batch_id)
      order by j.id
      limit least(v_slice, p_most - cardinality(v_done))
    );
    exit when v_job_ids = '{}';
  end loop;
  return v_done;
end
$$;
comment on function private.withdraw_some(uuid, uuid, uuid, float, int) is
  'Cancels jobs of a tenant, project or batch that have not ended, those at work first, until so many seconds have passed: a job may have a '
  'hundred tasks, and a call has a limit. Returns which. The tenant is locked.';

create function private.withdraw_open(p_tenant_id uuid, p_project_id uuid default null, p_batch_id uuid default null)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_job_ids uuid [] := private.withdraw_some(p_tenant_id, p_project_id, p_batch_id);
begin
  -- Nothing is added to what was withdrawn.
  perform private.finish_filling(b) from public.batches as b
  where b.tenant_id = p_tenant_id and (p_project_id is null or b.project_id = p_project_id) and (p_batch_id is null or b.id = p_batch_id)
    and b.is_filling;
  -- What did not fit into this call starts nothing until the next has come.
  update public.batches as b
  set paused_at = now(), paused_by = private.user_id()
  where b.tenant_id = p_tenant_id and (p_project_id is null or b.project_id = p_project_id) and (p_batch_id is null or b.id = p_batch_id)
    and b.pending_count + b.processing_count > 0 and b.paused_at is null;
  update public.batches as b
  set paused_at = null, paused_by = null
  where b.id in (select j.batch_id from public.generation_jobs as j where j.id = any(v_job_ids))
    and b.pending_count + b.processing_count = 0 and b.paused_at is not null;
  return cardinality(v_job_ids);
end
$$;
comment on function private.withdraw_open(uuid, uuid, uuid) is
  'Cancels jobs of a tenant, project or batch that have not ended, as many as a call may, and pauses the batches of the others; returns how many. '
  'The tenant is locked.';

create function public.cancel_project(project_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_project public.projects := private.project_to_control(cancel_project.project_id);
  v_count int := private.withdraw_open(v_project.tenant_id, v_project.id);
begin
  perform private.release();
  return jsonb_build_object('project_id', v_project.id, 'changed_jobs', v_count,
    'remaining_jobs', private.open_job_count(v_project.tenant_id, v_project.id));
end
$$;
comment on function public.cancel_project(uuid) is
  'Withdraws the jobs of a project that have not ended, as many as fit into one call: repeat it while remaining_jobs is not 0; meanwhile their '
  'batches are paused. Returns {project_id, changed_jobs, remaining_jobs}. Raises CR002 or CR003.';

create function public.cancel_tenant()
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_tenant public.tenants := private.tenant_to_control('withdraw all work of the team');
  v_count int := private.withdraw_open(v_tenant.id);
begin
  perform private.release();
  return jsonb_build_object('tenant_id', v_tenant.id, 'changed_jobs', v_count, 'remaining_jobs', private.open_job_count(v_tenant.id));
end
$$;
comment on function public.cancel_tenant() is
  'Withdraws all jobs of the caller''s tenant that have not ended, as many as fit into one call: repeat it while remaining_jobs is not 0; meanwhile '
  'their batches are paused. For admins and owners. Returns {tenant_id, changed_jobs, remaining_jobs}. Raises CR003.';

grant execute on function public.cancel_project(uuid), public.cancel_tenant() to authenticated;
