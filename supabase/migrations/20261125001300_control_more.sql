-- Pausing with what runs handed back, withdrawal of projects and tenants, stage queues, priority, caps, and retries of
-- tasks, by filter and with changed inputs.

drop function public.pause_job(uuid);
drop function public.pause_batch(uuid);
drop function public.pause_project(uuid);
drop function public.pause_tenant();
drop function private.set_job_paused(uuid, boolean);
drop function private.set_batch_paused(uuid, boolean);
drop function private.set_project_paused(uuid, boolean);
drop function private.set_tenant_paused(boolean);

create or replace function private.is_paused(p_task public.stage_tasks)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(
      j.paused_at, b.paused_at, b.deleted_at, p.paused_at, p.deleted_at, t.paused_at, t.deleted_at
    ) is not null or private.is_stage_paused(p_task.stage)
    from public.generation_jobs as j
    join public.batches as b on b.id = j.batch_id
    join public.projects as p on p.id = j.project_id
    join public.tenants as t on t.id = j.tenant_id
    where j.id = p_task.job_id
  );
end
$$;
comment on function private.is_paused(public.stage_tasks) is 'Whether its job, batch, project, tenant or stage is paused, or about to be purged.';

create or replace function private.stage_room(p_stage text)
returns int
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select case when private.is_stage_paused(p_stage) then 0 else greatest(0, (
      select s.queue_depth_per_slot * greatest(1, coalesce(sum(w.slots), 0))
      from private.settings as s
      left join private.workers as w on p_stage = any(w.stages) and not w.is_draining
      group by s.queue_depth_per_slot
    ) - (
      select count(*) from public.stage_tasks as t
      where t.stage = p_stage and t.status in ('queued', 'processing')
    ))::int end
  );
end
$$;
comment on function private.stage_room(text) is 'How many more tasks of a stage may be released, over all tenants; 0 while operators hold it back.';

create or replace function private.set_job_paused(p_job_id uuid, p_is_paused boolean, p_now boolean)
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
  if p_is_paused then
    perform private.take_back(private.active_tasks(v_job.tenant_id, 'job', p_job_id, p_now));
  end if;
  perform private.release();
  return private.told_job(p_job_id);
end
$$;
comment on function private.set_job_paused(uuid, boolean, boolean) is
  'Pauses or resumes a job; saying it twice does no harm. With p_now, what runs of it is handed back.';

create or replace function private.set_batch_paused(p_batch_id uuid, p_is_paused boolean, p_now boolean)
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

create or replace function private.set_project_paused(p_project_id uuid, p_is_paused boolean, p_now boolean)
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

create or replace function private.set_tenant_paused(p_is_paused boolean, p_now boolean)
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

create or replace function private.withdraw(p_job_ids uuid [])
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

create or replace function private.cancel_batch_of(p_batch_id uuid)
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

create or replace function public.pause_job(job_id uuid, now boolean default false)
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

create or replace function public.resume_job(job_id uuid)
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

create or replace function public.pause_batch(batch_id uuid, now boolean default false)
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

create or replace function public.resume_batch(batch_id uuid)
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

create or replace function public.pause_project(project_id uuid, now boolean default false)
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

create or replace function public.resume_project(project_id uuid)
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

create or replace function public.pause_tenant(now boolean default false)
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

create or replace function public.resume_tenant()
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

create or replace function public.cancel_batch(batch_id uuid)
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
  'Withdraws the jobs of a batch that have not ended, at most 10,000 in one call: repeat it while remaining_jobs is not 0; meanwhile the batch is '
  'paused. Returns {batch_id, status, paused_at, version, changed_jobs, remaining_jobs}. Raises CR002, CR003, or CR004 when it has ended.';

grant execute on function
public.pause_job(uuid, boolean),
public.pause_batch(uuid, boolean),
public.pause_project(uuid, boolean),
public.pause_tenant(boolean)
to authenticated;

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

create function private.withdraw_open(p_tenant_id uuid, p_project_id uuid default null, p_batch_id uuid default null)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_job_ids uuid [] := array(
    select j.id from public.generation_jobs as j
    where j.tenant_id = p_tenant_id and j.status in ('pending', 'processing')
      and (p_project_id is null or j.project_id = p_project_id) and (p_batch_id is null or j.batch_id = p_batch_id)
    order by j.id
    limit 10000
  );
begin
  perform private.withdraw(v_job_ids);
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
  'Cancels up to 10,000 jobs of a tenant, project or batch that have not ended, and pauses the batches of the others; returns how many. '
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
  'Withdraws the jobs of a project that have not ended, at most 10,000 in one call: repeat it while remaining_jobs is not 0; meanwhile their '
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
  'Withdraws all jobs of the caller''s tenant that have not ended, at most 10,000 in one call: repeat it while remaining_jobs is not 0; meanwhile '
  'their batches are paused. For admins and owners. Returns {tenant_id, changed_jobs, remaining_jobs}. Raises CR003.';

grant execute on function public.cancel_project(uuid), public.cancel_tenant() to authenticated;

-- Queues of stages, held back by those who run the deployment: while a provider is down, or a stage is mended.

create table private.stage_queues (
  stage text primary key,
  paused_at timestamptz,
  paused_by text,
  reason text not null default '' check (length(reason) <= 500),
  constraint stage_queues_paused_by_needs_paused_at check (paused_by is null or paused_at is not null)
);
comment on table private.stage_queues is 'Which stages are held back, over all tenants; a stage without a row is not.';
comment on column private.stage_queues.paused_by is 'The role that paused it: an operator is no user.';
comment on column private.stage_queues.reason is 'Why, for the other operators.';

create function private.check_stage(p_stage text)
returns void
language plpgsql
immutable
set search_path = ''
as $$
begin
  if not exists (select from private.stage_weights() as w where w.stage = p_stage) then
    raise exception 'There is no stage %.', coalesce(p_stage, 'null') using errcode = 'CR001',
      hint = 'Use one of ' || (select string_agg(w.stage, ', ' order by w.place) from private.stage_weights() as w) || '.';
  end if;
end
$$;
comment on function private.check_stage(text) is 'Raises CR001 unless a stage of this name exists.';

create function private.is_stage_paused(p_stage text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return exists (select from private.stage_queues as q where q.stage = p_stage and q.paused_at is not null);
end
$$;
comment on function private.is_stage_paused(text) is 'Whether operators hold back the queue of a stage.';

create function private.told_stage(p_stage text, p_count int)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object('stage', q.stage, 'paused_at', q.paused_at, 'reason', q.reason, 'changed_tasks', p_count)
    from private.stage_queues as q where q.stage = p_stage
  );
end
$$;
comment on function private.told_stage(text, int) is 'What an operator is told of the queue of a stage.';

create function private.pause_stage(p_stage text, p_reason text default '', p_now boolean default false)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_tenant_ids uuid [];
  v_count int;
begin
  perform private.check_stage(p_stage);
  v_tenant_ids := array(
    select distinct t.tenant_id from public.stage_tasks as t where t.stage = p_stage and t.status in ('queued', 'processing')
  );
  perform private.lock_tenants(v_tenant_ids);
  insert into private.stage_queues as q (stage, paused_at, paused_by, reason) values (p_stage, now(), session_user, coalesce(p_reason, ''))
  on conflict (stage) do update
  set paused_at = coalesce(q.paused_at, excluded.paused_at), paused_by = coalesce(q.paused_by, excluded.paused_by), reason = excluded.reason;
  -- What another transaction releases just now is sent back when it is claimed.
  v_count := private.take_back(array(
    select t from public.stage_tasks as t
    where t.stage = p_stage and t.status in ('queued', 'processing') and (p_now or t.status = 'queued') and t.tenant_id = any(v_tenant_ids)
  ));
  perform private.release();
  return private.told_stage(p_stage, v_count);
end
$$;
comment on function private.pause_stage(text, text, boolean) is
  'Holds back the queue of a stage over all tenants, for operators: nothing of it starts; what runs may end, or with p_now is handed back. '
  'Returns {stage, paused_at, reason, changed_tasks}. Raises CR001. Saying it twice does no harm.';

create function private.resume_stage(p_stage text)
returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  perform private.check_stage(p_stage);
  insert into private.stage_queues as q (stage) values (p_stage)
  on conflict (stage) do update set paused_at = null, paused_by = null, reason = '';
  -- The time of the pause is no waiting, and lifts no lane.
  update private.backlogs as g set served_at = now() where g.stage = p_stage and g.waiting_count > 0;
  return private.told_stage(p_stage, private.release());
end
$$;
comment on function private.resume_stage(text) is
  'Lets the queue of a stage go on, for operators. Returns {stage, paused_at, reason, changed_tasks}. Raises CR001.';

create function private.list_stage_queues()
returns table (stage text, paused_at timestamptz, paused_by text, reason text, waiting_count bigint, queued_count bigint, running_count bigint)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select w.stage, q.paused_at, q.paused_by, coalesce(q.reason, ''),
    coalesce((select sum(g.waiting_count) from private.backlogs as g where g.stage = w.stage and g.waiting_count > 0), 0)::bigint,
    count(t.id) filter (where t.status = 'queued'), count(t.id) filter (where t.status = 'processing')
  from private.stage_weights() as w
  left join private.stage_queues as q on q.stage = w.stage
  left join public.stage_tasks as t on t.stage = w.stage and t.status in ('queued', 'processing')
  group by w.stage, w.place, q.stage
  order by w.place;
end
$$;
comment on function private.list_stage_queues() is 'The queues of the stages, in order: whether they are held back, by whom and why, and how much is in them.';
