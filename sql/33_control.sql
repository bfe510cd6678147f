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

create function private.set_job_paused(p_job_id uuid, p_is_paused boolean, p_now boolean)
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
  set paused_at = case when p_is_paused then now() end, paused_by = case when p_is_paused then private.user_id() end, paused_after = null
  where id = p_job_id and (paused_at is not null) <> p_is_paused;
  if p_is_paused then
    perform private.take_back(private.active_tasks(v_job.tenant_id, 'job', p_job_id, p_now));
  end if;
  perform private.release();
  return private.told_job(p_job_id);
end
$$;
comment on function private.set_job_paused(uuid, boolean, boolean) is
  'Pauses or resumes a job; saying it twice does no harm. With p_now, what runs of it is handed back.';

create function private.set_batch_paused(p_batch_id uuid, p_is_paused boolean, p_now boolean)
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
  end if;
  if p_is_paused then
    perform private.take_back(private.active_tasks(v_batch.tenant_id, 'batch', p_batch_id, p_now));
  elsif v_changes then
    perform private.forget_wait(v_batch.tenant_id, v_batch.project_id, p_batch_id);
  end if;
  perform private.release();
  return private.told_batch(p_batch_id, case when v_changes then v_batch.pending_count + v_batch.processing_count else 0 end);
end
$$;
comment on function private.set_batch_paused(uuid, boolean, boolean) is
  'Pauses or resumes a batch; saying it twice does no harm. With p_now, what runs of it is handed back.';

create function private.set_project_paused(p_project_id uuid, p_is_paused boolean, p_now boolean)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_project public.projects := private.project_to_control(p_project_id);
  v_changes boolean := (v_project.paused_at is not null) <> p_is_paused;
begin
  if v_changes then
    update public.projects
    set paused_at = case when p_is_paused then now() end, paused_by = case when p_is_paused then private.user_id() end
    where id = p_project_id
    returning * into v_project;
  end if;
  if p_is_paused then
    perform private.take_back(private.active_tasks(v_project.tenant_id, 'project', p_project_id, p_now));
  elsif v_changes then
    perform private.forget_wait(v_project.tenant_id, p_project_id);
  end if;
  perform private.release();
  return jsonb_build_object('project_id', p_project_id, 'paused_at', v_project.paused_at, 'version', v_project.version);
end
$$;
comment on function private.set_project_paused(uuid, boolean, boolean) is
  'Pauses or resumes a project; saying it twice does no harm. With p_now, what runs of it is handed back.';

create function private.set_tenant_paused(p_is_paused boolean, p_now boolean)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_tenant public.tenants := private.tenant_to_control('pause or resume the whole team');
begin
  update public.tenants
  set paused_at = case when p_is_paused then now() end, paused_by = case when p_is_paused then private.user_id() end
  where id = v_tenant.id and (paused_at is not null) <> p_is_paused;
  if p_is_paused then
    perform private.take_back(private.active_tasks(v_tenant.id, 'tenant', v_tenant.id, p_now));
  elsif found then
    perform private.forget_wait(v_tenant.id);
  end if;
  perform private.release();
  return (
    select jsonb_build_object('tenant_id', t.id, 'paused_at', t.paused_at) from public.tenants as t where t.id = v_tenant.id
  );
end
$$;
comment on function private.set_tenant_paused(boolean, boolean) is
  'Pauses or resumes all work of the caller''s tenant; saying it twice does no harm. With p_now, what runs of it is handed back.';

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
  v_active public.stage_tasks [] := array(
    select t from public.stage_tasks as t where t.job_id = any(p_job_ids) and t.status in ('queued', 'processing')
  );
begin
  perform private.close_attempts(v_active, 'cancelled');
  update public.stage_tasks
  set status = 'cancelled', completed_at = now()
  where job_id = any(p_job_ids) and status in ('blocked', 'pending', 'queued', 'processing');
  perform private.drop_entries(array(select t.entry_id from unnest(v_active) as t));
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
  v_count int := 0;
begin
  if v_batch.status <> 'cancelled' then
    perform private.check_not_ended('batch', v_batch.status, 'cancel');
    v_count := private.withdraw_open(v_batch.tenant_id, v_batch.project_id, p_batch_id);
    perform private.release();
  end if;
  return private.told_batch(p_batch_id, v_count)
    || jsonb_build_object('remaining_jobs', private.open_job_count(v_batch.tenant_id, v_batch.project_id, p_batch_id));
end
$$;
comment on function private.cancel_batch_of(uuid) is 'Cancels the jobs of a batch that have not ended; saying it twice does no harm.';
