-- What users call to pause, resume and cancel. Thin: each asks the function behind it.

create function public.pause_job(job_id uuid, now boolean default false)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
begin
  return private.set_job_paused(pause_job.job_id, true, coalesce(pause_job.now, false));
end
$$;
comment on function public.pause_job(uuid, boolean) is
  'Pauses a job: nothing new starts; what runs may end, or with now is stopped and waits again, counted as neither failed nor lost. '
  'Returns {job_id, status, paused_at, version}. Raises CR002, CR003, or CR004 when it has ended.';

create function public.resume_job(job_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
begin
  return private.set_job_paused(resume_job.job_id, false, false);
end
$$;
comment on function public.resume_job(uuid) is
  'Lets a paused job go on. Returns {job_id, status, paused_at, version}. Raises CR002 or CR003.';

create function public.cancel_job(job_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
begin
  return private.cancel_job_of(cancel_job.job_id);
end
$$;
comment on function public.cancel_job(uuid) is
  'Withdraws a job: what waits never runs, what runs is stopped and its result refused; what was finished stays. Returns {job_id, status, '
  'paused_at, version}. Raises CR002, CR003, or CR004 when it has ended.';

create function public.pause_batch(batch_id uuid, now boolean default false)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
begin
  return private.set_batch_paused(pause_batch.batch_id, true, coalesce(pause_batch.now, false));
end
$$;
comment on function public.pause_batch(uuid, boolean) is
  'Pauses a batch: nothing new starts; what runs may end, or with now is stopped and waits again, counted as neither failed nor lost. '
  'Returns {batch_id, status, paused_at, version, changed_jobs}. Raises CR002, CR003, or CR004 when it has ended.';

create function public.resume_batch(batch_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
begin
  return private.set_batch_paused(resume_batch.batch_id, false, false);
end
$$;
comment on function public.resume_batch(uuid) is
  'Lets a paused batch go on; jobs paused on their own stay so. Returns {batch_id, status, paused_at, version, changed_jobs}. Raises CR002 '
  'or CR003.';

create function public.cancel_batch(batch_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
begin
  return private.cancel_batch_of(cancel_batch.batch_id);
end
$$;
comment on function public.cancel_batch(uuid) is
  'Withdraws the jobs of a batch that have not ended, as many as fit into one call: repeat it while remaining_jobs is not 0; meanwhile the batch is '
  'paused. Returns {batch_id, status, paused_at, version, changed_jobs, remaining_jobs}. Raises CR002, CR003, or CR004 when it has ended.';

create function public.pause_project(project_id uuid, now boolean default false)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
begin
  return private.set_project_paused(pause_project.project_id, true, coalesce(pause_project.now, false));
end
$$;
comment on function public.pause_project(uuid, boolean) is
  'Pauses all batches of a project: nothing new starts; what runs may end, or with now is stopped and waits again, counted as neither failed nor lost. '
  'Returns {project_id, paused_at, version}. Raises CR002 or CR003.';

create function public.resume_project(project_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
begin
  return private.set_project_paused(resume_project.project_id, false, false);
end
$$;
comment on function public.resume_project(uuid) is
  'Lets a paused project go on. Returns {project_id, paused_at, version}. Raises CR002 or CR003.';

create function public.pause_tenant(now boolean default false)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
begin
  return private.set_tenant_paused(true, coalesce(pause_tenant.now, false));
end
$$;
comment on function public.pause_tenant(boolean) is
  'Pauses all work of the caller''s tenant; for admins and owners: nothing new starts; what runs may end, or with now is stopped and waits again, counted as neither failed nor lost. '
  'Returns {tenant_id, paused_at}. Raises CR003.';

create function public.resume_tenant()
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
begin
  return private.set_tenant_paused(false, false);
end
$$;
comment on function public.resume_tenant() is
  'Lets a paused tenant go on; for admins and owners. Returns {tenant_id, paused_at}. Raises CR003.';

grant execute on function
public.pause_job(uuid, boolean),
public.resume_job(uuid),
public.cancel_job(uuid),
public.pause_batch(uuid, boolean),
public.resume_batch(uuid),
public.cancel_batch(uuid),
public.pause_project(uuid, boolean),
public.resume_project(uuid),
public.pause_tenant(boolean),
public.resume_tenant()
to authenticated;
