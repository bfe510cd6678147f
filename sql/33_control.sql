-- Pause, resume and cancel. Paused is no status: what runs may end, what waits is not released. Cancelled is one: what
-- has not ended is withdrawn, and attempts that run lose their token.

create function private.job_to_control(p_job_id uuid)
returns public.generation_jobs
language plpgsql
set search_path = ''
as $$
declare
  v_job public.generation_jobs;
  v_tenant_id uuid := private.acting_tenant_id();
begin
  perform private.lock_tenant(v_tenant_id);
  select j.* into v_job
  from public.generation_jobs as j
  join public.batches as b on b.id = j.batch_id and b.deleted_at is null
  where j.id = p_job_id and j.tenant_id = v_tenant_id
  for update of j;
  if not found then
    raise exception 'There is no job %.', p_job_id using errcode = 'CR002', hint = 'List the jobs, and use the id of one of them.';
  end if;
  perform private.check_controls(v_job.project_id, 'control the jobs of this project');
  return v_job;
end
$$;
comment on function private.job_to_control(uuid) is
  'The job, with its tenant and itself locked, in that order, if the caller controls its project; raises CR002 or CR003 otherwise.';

create function private.batch_to_control(p_batch_id uuid)
returns public.batches
language plpgsql
set search_path = ''
as $$
declare
  v_batch public.batches;
  v_tenant_id uuid := private.acting_tenant_id();
begin
  perform private.lock_tenant(v_tenant_id);
  select b.* into v_batch from public.batches as b
  where b.id = p_batch_id and b.tenant_id = v_tenant_id and b.deleted_at is null
  for update;
  if not found then
    raise exception 'There is no batch %.', p_batch_id using errcode = 'CR002', hint = 'List the batches, and use the id of one of them.';
  end if;
  perform private.check_controls(v_batch.project_id, 'control the batches of this project');
  return v_batch;
end
$$;
comment on function private.batch_to_control(uuid) is
  'The batch, with its tenant and itself locked, in that order, if the caller controls its project; raises CR002 or CR003 otherwise.';

create function private.told_job(p_job_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object('job_id', j.id, 'status', j.status, 'paused_at', j.paused_at, 'version', j.version)
  from public.generation_jobs as j where j.id = p_job_id
$$;
comment on function private.told_job(uuid) is 'What those who control a job are told of it.';

create function private.told_batch(p_batch_id uuid, p_changed_jobs int)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object('batch_id', b.id, 'status', b.status, 'paused_at', b.paused_at, 'version', b.version,
    'changed_jobs', p_changed_jobs)
  from public.batches as b where b.id = p_batch_id
$$;
comment on function private.told_batch(uuid, int) is 'What those who control a batch are told of it.';

create function private.check_not_ended(p_what text, p_status text, p_doing text)
returns void
language plpgsql
immutable
set search_path = ''
as $$
begin
  if p_status in ('completed', 'partial', 'failed', 'cancelled') then
    raise exception 'The % is %; there is nothing left to %.', p_what, p_status, p_doing
      using errcode = 'CR004', hint = 'Look at its current state. A retry runs it again.';
  end if;
end
$$;
comment on function private.check_not_ended(text, text, text) is 'Raises CR004 for a job or batch that has ended.';

create function private.forget_wait(p_tenant_id uuid, p_project_id uuid default null, p_batch_id uuid default null)
returns void
language sql
set search_path = ''
as $$
  update private.backlogs as g
  set served_at = now()
  where g.tenant_id = p_tenant_id and g.project_id = coalesce(p_project_id, g.project_id)
    and g.batch_id = coalesce(p_batch_id, g.batch_id) and g.waiting_count > 0
$$;
comment on function private.forget_wait(uuid, uuid, uuid) is 'After a pause: the time of it is no waiting, and lifts no lane.';

create function private.set_job_paused(p_job_id uuid, p_is_paused boolean)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_job public.generation_jobs := private.job_to_control(p_job_id);
begin
  if p_is_paused then
    perform private.check_not_ended('job', v_job.status, 'pause');
  end if;
  -- The trigger hold_tasks holds its waiting tasks back, or lets them go.
  update public.generation_jobs
  set paused_at = case when p_is_paused then now() end, paused_by = case when p_is_paused then private.user_id() end
  where id = p_job_id and (paused_at is not null) <> p_is_paused;
  if not p_is_paused then
    perform private.release();
  end if;
  return private.told_job(p_job_id);
end
$$;
comment on function private.set_job_paused(uuid, boolean) is 'Pauses or resumes a job; saying it twice does no harm.';

create function private.set_batch_paused(p_batch_id uuid, p_is_paused boolean)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_batch public.batches := private.batch_to_control(p_batch_id);
  v_changes boolean := (v_batch.paused_at is not null) <> p_is_paused;
begin
  if p_is_paused then
    perform private.check_not_ended('batch', v_batch.status, 'pause');
  end if;
  if v_changes then
    update public.batches
    set paused_at = case when p_is_paused then now() end, paused_by = case when p_is_paused then private.user_id() end
    where id = p_batch_id;
    if not p_is_paused then
      perform private.forget_wait(v_batch.tenant_id, v_batch.project_id, p_batch_id);
      perform private.release();
    end if;
  end if;
  return private.told_batch(p_batch_id, case when v_changes then v_batch.pending_count + v_batch.processing_count else 0 end);
end
$$;
comment on function private.set_batch_paused(uuid, boolean) is 'Pauses or resumes a batch; saying it twice does no harm.';

create function private.set_project_paused(p_project_id uuid, p_is_paused boolean)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_tenant_id uuid := private.acting_tenant_id();
  v_project public.projects;
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
  if (v_project.paused_at is not null) <> p_is_paused then
    update public.projects
    set paused_at = case when p_is_paused then now() end, paused_by = case when p_is_paused then private.user_id() end
    where id = p_project_id
    returning * into v_project;
    if not p_is_paused then
      perform private.forget_wait(v_tenant_id, p_project_id);
      perform private.release();
    end if;
  end if;
  return jsonb_build_object('project_id', p_project_id, 'paused_at', v_project.paused_at, 'version', v_project.version);
end
$$;
comment on function private.set_project_paused(uuid, boolean) is 'Pauses or resumes a project; saying it twice does no harm.';

create function private.set_tenant_paused(p_is_paused boolean)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_tenant_id uuid := private.acting_tenant_id();
  v_paused_at timestamptz;
begin
  if not private.has_role('admin') then
    raise exception 'Your role does not allow you to pause or resume the whole team.'
      using errcode = 'CR003', hint = 'Ask an admin or owner, or pause a project that you control.';
  end if;
  perform private.lock_tenant(v_tenant_id);
  update public.tenants
  set paused_at = case when p_is_paused then now() end, paused_by = case when p_is_paused then private.user_id() end
  where id = v_tenant_id and (paused_at is not null) <> p_is_paused;
  if found and not p_is_paused then
    perform private.forget_wait(v_tenant_id);
    perform private.release();
  end if;
  select t.paused_at into v_paused_at from public.tenants as t where t.id = v_tenant_id;
  return jsonb_build_object('tenant_id', v_tenant_id, 'paused_at', v_paused_at);
end
$$;
comment on function private.set_tenant_paused(boolean) is 'Pauses or resumes all work of the caller''s tenant; saying it twice does no harm.';

create function private.drop_entries(p_entry_ids bigint [])
returns void
language sql
set search_path = ''
as $$
  -- Those that somebody else just fetches or finishes are passed over, not waited for: their task no longer knows them.
  with entry as materialized (
    select e.id from procrastinate.procrastinate_jobs as e where e.id = any(p_entry_ids) for update skip locked
  )
  select procrastinate.procrastinate_cancel_job_v1(entry.id, true, true) from entry
$$;
comment on function private.drop_entries(bigint []) is
  'Removes queue entries that nobody has fetched, and asks the workers of the others to stop what they run for them.';

create function private.withdraw(p_job_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_task public.stage_tasks;
  v_entry_ids bigint [] := array(
    select t.entry_id from public.stage_tasks as t where t.job_id = any(p_job_ids) and t.entry_id is not null
  );
begin
  for v_task in
    select t.* from public.stage_tasks as t where t.job_id = any(p_job_ids) and t.status = 'processing'
  loop
    perform private.end_attempt(v_task, 'cancelled', null, null);
  end loop;
  update public.stage_tasks
  set status = 'cancelled', completed_at = now()
  where job_id = any(p_job_ids) and status in ('blocked', 'pending', 'queued', 'processing');
  perform private.drop_entries(v_entry_ids);
end
$$;
comment on function private.withdraw(uuid []) is
  'Cancels what has not ended of jobs whose tenant is locked; attempts that run lose their token, and whoever waits for their artifact is woken.';

create function private.cancel_job_of(p_job_id uuid)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_job public.generation_jobs := private.job_to_control(p_job_id);
begin
  if v_job.status <> 'cancelled' then
    perform private.check_not_ended('job', v_job.status, 'cancel');
    perform private.withdraw(array[p_job_id]);
    perform private.release();
  end if;
  return private.told_job(p_job_id);
end
$$;
comment on function private.cancel_job_of(uuid) is 'Cancels a job; saying it twice does no harm.';

create function private.cancel_batch_of(p_batch_id uuid)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_batch public.batches := private.batch_to_control(p_batch_id);
  v_job_ids uuid [];
begin
  if v_batch.status = 'cancelled' then
    return private.told_batch(p_batch_id, 0);
  end if;
  perform private.check_not_ended('batch', v_batch.status, 'cancel');
  v_job_ids := array(
    select j.id from public.generation_jobs as j
    where j.tenant_id = v_batch.tenant_id and j.batch_id = p_batch_id and j.status in ('pending', 'processing')
    order by j.id
  );
  perform private.withdraw(v_job_ids);
  perform private.release();
  return private.told_batch(p_batch_id, cardinality(v_job_ids));
end
$$;
comment on function private.cancel_batch_of(uuid) is 'Cancels all jobs of a batch that have not ended; saying it twice does no harm.';
