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
drop function public.retry_job(uuid, text);
drop function private.retry(uuid [], text);
drop function private.forget_content(uuid [], int);

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

create or replace function private.forget_content(p_job_ids uuid [], p_task_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_ids uuid [] := array(
    select c.id
    from public.generation_jobs as j
    join public.generated_content as c on c.tenant_id = j.tenant_id and c.job_id = j.id
    where j.id = any(p_job_ids) and c.task_id = any(p_task_ids)
    -- Whoever just records figures of it is waited for, so that they are seen below.
    for update of c
  );
begin
  -- What was published keeps its figures, though no job knows it any more.
  update public.generated_content as c
  set job_id = null, task_id = null, scene_id = null
  where c.id = any(v_ids) and exists (
    select from public.performance_metrics as m where m.tenant_id = c.tenant_id and m.content_id = c.id
  );
  delete from public.generated_content as c where c.id = any(v_ids) and c.job_id is not null;
end
$$;
comment on function private.forget_content(uuid [], uuid []) is
  'Takes away what tasks of jobs made, because it is made anew or not wanted any more. The files stay as artifacts; content that has figures '
  'stays in its project without the job.';

create or replace function private.retry(p_job_ids uuid [], p_stage text, p_changed_stage text default null)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_redone_place int := (select w.place from private.stage_weights() as w where w.stage = p_stage);
  v_place int := least(v_redone_place, (select w.place from private.stage_weights() as w where w.stage = p_changed_stage));
  v_count int;
begin
  perform private.start_generation(p_job_ids);
  perform private.forget_content(p_job_ids, array(
    select t.id from public.stage_tasks as t
    join private.stage_weights() as w on w.stage = t.stage
    where t.job_id = any(p_job_ids) and w.place >= v_place
  ));
  if v_place = 1 then
    -- Another script may have other scenes: their tasks are made when it is there.
    delete from public.stage_tasks as t where t.job_id = any(p_job_ids) and t.stage <> 'script_generation';
  end if;
  update public.stage_tasks as t
  set
    status = case when w.place > v_place or exists (
        select from public.stage_tasks as n where n.job_id = t.job_id and n.id = any(t.needs) and n.status <> 'completed'
      ) then 'blocked' else 'pending' end,
    -- What follows is computed again where its inputs are others than before, and found again where they are the same.
    redone_in = case when w.place = v_redone_place and t.status = 'completed' then j.generation else t.redone_in end,
    generation = j.generation, failure_count = 0, lost_count = 0, completed_at = null, progress = 0,
    content_key = null, is_reused = false, error_code = null, error_message = null, next_step = null
  from public.generation_jobs as j, private.stage_weights() as w
  where t.job_id = any(p_job_ids) and j.id = t.job_id and w.stage = t.stage
    and (t.status in ('failed', 'cancelled') or (t.status = 'completed' and w.place >= v_place));
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function private.retry(uuid [], text, text) is
  'Runs jobs that have ended again: what failed or was cancelled; with a stage also what that stage and those after it had completed, that stage '
  'for another result; with a changed stage all from there on, so that it is computed where its inputs are others now. Returns how many tasks. '
  'Their tenant is locked.';

create or replace function public.retry_job(job_id uuid, stage text default null, changes jsonb default null)
returns jsonb
language plpgsql
-- definer: users may not write jobs and tasks; it asserts the right to control the project itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_job public.generation_jobs := private.job_to_control(retry_job.job_id);
  v_changed_stage text;
  v_count int;
begin
  if retry_job.stage is not null then
    perform private.check_stage(retry_job.stage);
  end if;
  if v_job.status in ('pending', 'processing') then
    raise exception 'The job is %; only one that has ended can run again.', v_job.status
      using errcode = 'CR004', hint = 'Wait until it has ended, or cancel it first.';
  elsif coalesce(retry_job.changes, '{}') <> '{}' then
    v_changed_stage := private.change_job(v_job, retry_job.changes, retry_job.stage);
  elsif v_job.status = 'completed' and retry_job.stage is null then
    raise exception 'The job is completed; nothing of it failed.'
      using errcode = 'CR004', hint = 'Name the stage from which it is to be done again, or what is to be other than before.';
  end if;
  v_count := private.retry(array[retry_job.job_id], retry_job.stage, v_changed_stage);
  perform private.unlock_dependents(array[retry_job.job_id]);
  perform private.release();
  return jsonb_build_object('job_id', retry_job.job_id, 'retried_tasks', v_count, 'generation', v_job.generation + 1);
end
$$;
comment on function public.retry_job(uuid, text, jsonb) is
  'Runs again what failed or was cancelled in a job; what was finished stays. With a stage (also of a completed job), that stage is computed '
  'anew, and what follows from it. With changes {voice?, tone?, language?, audience?, brief?, script_type?, duration_s?, images?, platforms?, '
  'scenes?: {"2": {voiceover_text?, visual_description?, heading?, points?}}} exactly what depends on them is computed, and the rest found again. '
  'Starts the next generation. Returns {job_id, retried_tasks, generation}. Raises CR001, CR002, CR003 or CR004.';

grant execute on function
public.pause_job(uuid, boolean),
public.pause_batch(uuid, boolean),
public.pause_project(uuid, boolean),
public.pause_tenant(boolean),
public.retry_job(uuid, text, jsonb)
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

-- Priority and caps of work that waits or runs. Both are obeyed at once: what is queued already is taken back, and
-- released again in its new order and under the new cap.

create function private.check_lane(p_lane text)
returns void
language plpgsql
immutable
set search_path = ''
as $$
begin
  if p_lane is null or p_lane not in ('urgent', 'premium', 'standard') then
    raise exception 'There is no lane %.', coalesce(p_lane, 'null')
      using errcode = 'CR001', hint = 'Use urgent, premium or standard.';
  end if;
end
$$;
comment on function private.check_lane(text) is 'Raises CR001 unless a lane of this name exists.';

create function private.change_lane(p_job_ids uuid [], p_lane text)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.take_back(array(
    select t from public.stage_tasks as t where t.job_id = any(p_job_ids) and t.status = 'queued'
  ));
  update public.generation_jobs set lane = p_lane where id = any(p_job_ids);
  -- Also what is finished: done again, it runs in the lane of its job.
  update public.stage_tasks set lane = p_lane where job_id = any(p_job_ids) and lane <> p_lane;
  perform private.release();
end
$$;
comment on function private.change_lane(uuid [], text) is 'Moves jobs whose tenant is locked to another lane, with all that waits of them.';

create function private.change_lane_of(p_tenant_id uuid, p_project_id uuid, p_batch_id uuid, p_lane text)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_job_ids uuid [];
begin
  perform private.check_lane(p_lane);
  v_job_ids := array(
    select j.id from public.generation_jobs as j
    where j.tenant_id = p_tenant_id and j.project_id = p_project_id and j.status in ('pending', 'processing') and j.lane <> p_lane
      and (p_batch_id is null or j.batch_id = p_batch_id)
    order by j.id
    limit 10001
  );
  perform private.change_lane(v_job_ids[1:10000], p_lane);
  return jsonb_build_object('lane', p_lane, 'changed_jobs', least(10000, cardinality(v_job_ids)),
    'is_finished', cardinality(v_job_ids) <= 10000);
end
$$;
comment on function private.change_lane_of(uuid, uuid, uuid, text) is
  'Moves up to 10,000 open jobs of a project or batch, whose tenant is locked, to another lane; says whether those were all.';

create function public.set_job_lane(job_id uuid, lane text)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_job public.generation_jobs := private.job_to_control(set_job_lane.job_id);
begin
  perform private.check_lane(set_job_lane.lane);
  perform private.check_not_ended('job', v_job.status, 'put before others');
  if v_job.lane <> set_job_lane.lane then
    perform private.change_lane(array[v_job.id], set_job_lane.lane);
  end if;
  return private.told_job(v_job.id) || jsonb_build_object('lane', set_job_lane.lane);
end
$$;
comment on function public.set_job_lane(uuid, text) is
  'Moves what waits of a job to the lane urgent, premium or standard, also what is queued. Returns {job_id, status, paused_at, version, lane}. '
  'Raises CR001, CR002, CR003, or CR004 when the job has ended.';

create function public.set_batch_lane(batch_id uuid, lane text)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_batch public.batches := private.batch_to_control(set_batch_lane.batch_id);
begin
  perform private.check_not_ended('batch', v_batch.status, 'put before others');
  return jsonb_build_object('batch_id', v_batch.id)
    || private.change_lane_of(v_batch.tenant_id, v_batch.project_id, v_batch.id, set_batch_lane.lane);
end
$$;
comment on function public.set_batch_lane(uuid, text) is
  'Moves what waits of a batch to the lane urgent, premium or standard, also what is queued; at most 10,000 jobs in one call: repeat it until '
  'is_finished. Returns {batch_id, lane, changed_jobs, is_finished}. Raises CR001, CR002, CR003, or CR004 when the batch has ended.';

create function public.set_project_lane(project_id uuid, lane text)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_project public.projects := private.project_to_control(set_project_lane.project_id);
begin
  return jsonb_build_object('project_id', v_project.id)
    || private.change_lane_of(v_project.tenant_id, v_project.id, null, set_project_lane.lane);
end
$$;
comment on function public.set_project_lane(uuid, text) is
  'Moves what waits in a project now to the lane urgent, premium or standard, as set_batch_lane does; batches made later say their own. Returns '
  '{project_id, lane, changed_jobs, is_finished}. Raises CR001, CR002 or CR003.';

create function private.check_cap(p_cap int)
returns void
language plpgsql
immutable
set search_path = ''
as $$
begin
  if p_cap not between 1 and 999999 then
    raise exception 'A cap of % is none.', p_cap
      using errcode = 'CR001', hint = 'Use a whole number from 1 to 999,999, or null for no cap of its own.';
  end if;
end
$$;
comment on function private.check_cap(int) is 'Raises CR001 unless this can be a max_concurrent_tasks; null can.';

create function private.apply_cap(p_tenant_id uuid, p_scope text, p_id uuid, p_cap int)
returns void
language plpgsql
set search_path = ''
as $$
begin
  -- What runs may end. What is only queued goes back, and comes again as far as there is room.
  if p_cap < (select w.active_count from private.windows as w where w.scope_id = p_id) then
    perform private.take_back(private.active_tasks(p_tenant_id, p_scope, p_id, false));
  end if;
  perform private.release();
end
$$;
comment on function private.apply_cap(uuid, text, uuid, int) is 'Makes a new cap of a tenant, project or batch felt at once. The tenant is locked.';

create function public.set_batch_cap(batch_id uuid, max_concurrent_tasks int)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_batch public.batches := private.batch_to_control(set_batch_cap.batch_id);
begin
  perform private.check_cap(set_batch_cap.max_concurrent_tasks);
  update public.batches as b set max_concurrent_tasks = set_batch_cap.max_concurrent_tasks where b.id = v_batch.id;
  perform private.apply_cap(v_batch.tenant_id, 'batch', v_batch.id, set_batch_cap.max_concurrent_tasks);
  return jsonb_build_object('batch_id', v_batch.id, 'max_concurrent_tasks', set_batch_cap.max_concurrent_tasks);
end
$$;
comment on function public.set_batch_cap(uuid, int) is
  'Changes how many tasks of a batch may be active at once; null for no cap of its own. More are released at once; with fewer, what runs may end. '
  'Returns {batch_id, max_concurrent_tasks}. Raises CR001, CR002 or CR003.';

create function public.set_project_cap(project_id uuid, max_concurrent_tasks int)
returns jsonb
language plpgsql
-- definer: users may not write the counters; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_project public.projects := private.project_to_control(set_project_cap.project_id);
begin
  perform private.check_cap(set_project_cap.max_concurrent_tasks);
  update public.projects as p set max_concurrent_tasks = set_project_cap.max_concurrent_tasks where p.id = v_project.id;
  perform private.apply_cap(v_project.tenant_id, 'project', v_project.id, set_project_cap.max_concurrent_tasks);
  return jsonb_build_object('project_id', v_project.id, 'max_concurrent_tasks', set_project_cap.max_concurrent_tasks);
end
$$;
comment on function public.set_project_cap(uuid, int) is
  'Changes how many tasks of a project may be active at once; null for no cap of its own. More are released at once; with fewer, what runs may end. '
  'Returns {project_id, max_concurrent_tasks}. Raises CR001, CR002 or CR003.';

create function public.set_tenant_cap(max_concurrent_tasks int)
returns jsonb
language plpgsql
-- definer: users may not write this column; it asserts the role itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_tenant public.tenants := private.tenant_to_control('change the cap of the whole team');
begin
  perform private.check_cap(set_tenant_cap.max_concurrent_tasks);
  update public.tenants as t set max_concurrent_tasks = set_tenant_cap.max_concurrent_tasks where t.id = v_tenant.id;
  perform private.apply_cap(v_tenant.id, 'tenant', v_tenant.id, set_tenant_cap.max_concurrent_tasks);
  return jsonb_build_object('tenant_id', v_tenant.id, 'max_concurrent_tasks', set_tenant_cap.max_concurrent_tasks);
end
$$;
comment on function public.set_tenant_cap(int) is
  'Changes how many tasks of the caller''s tenant may be active at once; null for no cap. For admins and owners. More are released at once; with '
  'fewer, what runs may end. Returns {tenant_id, max_concurrent_tasks}. Raises CR001 or CR003.';

grant execute on function
public.set_job_lane(uuid, text),
public.set_batch_lane(uuid, text),
public.set_project_lane(uuid, text),
public.set_batch_cap(uuid, int),
public.set_project_cap(uuid, int),
public.set_tenant_cap(int)
to authenticated;

-- Jobs done again with other inputs. Nothing is compared: what may depend on a change is looked for anew by its content
-- key, which is another one exactly where an input is.

create function private.change_stages()
returns table (field text, stage text)
language sql
immutable
set search_path = ''
as $$
  values
  ('brief', 'script_generation'), ('audience', 'script_generation'), ('tone', 'script_generation'),
  ('script_type', 'script_generation'), ('language', 'script_generation'), ('duration_s', 'script_generation'),
  ('voice', 'audio_generation'), ('scenes', 'audio_generation'), ('images', 'video_generation'), ('platforms', 'post_processing')
$$;
comment on function private.change_stages() is 'What can be changed of a job, and the first stage that depends on it.';

create function private.scene_change_problems(p_job public.generation_jobs, p_scenes jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  v_script_id uuid := (private.script_of(p_job.id, p_job.tenant_id)).id;
begin
  if jsonb_typeof(p_scenes) <> 'object' or p_scenes = '{}' then
    return jsonb_build_array(private.as_problem(null, 'scenes', 'is not an object of scenes by their number'));
  elsif v_script_id is null then
    return jsonb_build_array(private.as_problem(null, 'scenes', 'cannot be changed before there is a script'));
  end if;
  return (
    with scene as (
      select e.key, e.value from jsonb_each(p_scenes) as e
    ), problem (field, reason) as (
      select 'scenes.' || scene.key, 'is not a scene of the script' from scene
      where not exists (select from public.scenes as s where s.script_id = v_script_id and s.scene_number::text = scene.key)
      union all
      select 'scenes.' || scene.key, 'is not an object with something to change' from scene
      where jsonb_typeof(scene.value) <> 'object' or scene.value = '{}'
      union all
      select 'scenes.' || scene.key || '.' || f.key, private.scene_field_problem(f.key, f.value)
      from scene
      cross join lateral jsonb_each(case jsonb_typeof(scene.value) when 'object' then scene.value else '{}' end) as f
    )
    select jsonb_agg(private.as_problem(null, problem.field, problem.reason) order by problem.field)
    from problem where problem.reason is not null
  );
end
$$;
comment on function private.scene_change_problems(public.generation_jobs, jsonb) is 'Everything wrong with the changes of scenes; null when nothing is.';

create function private.scene_field_problem(p_field text, p_value jsonb)
returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_text text := p_value #>> '{}';
begin
  if p_field not in ('voiceover_text', 'visual_description', 'heading', 'points') then
    return 'is not something that can be changed of a scene';
  elsif p_field = 'points' then
    return case when jsonb_typeof(p_value) <> 'array' or jsonb_array_length(p_value) > 20 or exists (
      select from jsonb_array_elements(p_value) as e where jsonb_typeof(e) <> 'string' or length(e #>> '{}') > 500
    ) then 'is not a list of up to 20 texts of up to 500 characters' end;
  elsif jsonb_typeof(p_value) <> 'string' then
    return 'is not text';
  elsif p_field = 'voiceover_text' and btrim(v_text) = '' then
    return 'is empty';
  elsif length(v_text) > 10000 then
    return 'is longer than 10,000 characters';
  end if;
  return null;
end
$$;
comment on function private.scene_field_problem(text, jsonb) is 'What is wrong with a field of a scene as somebody wants it; null when nothing is.';

create function private.change_problems(p_job public.generation_jobs, p_changes jsonb, p_stage text)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  v_fields text [] := array(select f.field from private.change_stages() as f);
  v_topic jsonb;
begin
  if jsonb_typeof(p_changes) <> 'object' then
    return jsonb_build_array(private.as_problem(null, 'changes', 'is not an object'));
  end if;
  v_topic := jsonb_build_object('topic', p_job.topic, 'platforms', p_job.platforms)
    || coalesce((
      select jsonb_object_agg(c.key, c.value) from jsonb_each(p_changes) as c where c.key = any(v_fields) and c.key <> 'scenes'
    ), '{}');
  return coalesce((
    select jsonb_agg(private.as_problem(null, c.key, 'is not something that can be changed of a job') order by c.key)
    from jsonb_object_keys(p_changes) as c (key) where c.key <> all(v_fields)
  ), '[]') || coalesce((
    select jsonb_agg(p.value || '{"row": null}' order by p.ordinality)
    from jsonb_array_elements(private.topic_problems(jsonb_build_array(v_topic))) with ordinality as p
    where p_changes ? (p.value ->> 'field')
  ), '[]') || case when p_changes ? 'scenes' then coalesce(private.scene_change_problems(p_job, p_changes -> 'scenes'), '[]') else '[]' end
  || case when p_changes ? 'scenes' and (p_stage = 'script_generation' or exists (
      select from private.change_stages() as f where p_changes ? f.field and f.stage = 'script_generation'))
    then jsonb_build_array(private.as_problem(null, 'scenes', 'cannot be changed together with what writes another script'))
    else '[]' end;
end
$$;
comment on function private.change_problems(public.generation_jobs, jsonb, text) is 'Everything wrong with the changes of a job; an empty list when nothing is.';

create function private.revise_script(p_job public.generation_jobs, p_scenes jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_script public.scripts := private.script_of(p_job.id, p_job.tenant_id);
begin
  perform private.store_script(p_job, v_script.content || jsonb_build_object('language', v_script.language, 'scenes', (
    select jsonb_agg(jsonb_build_object('scene_number', s.scene_number, 'scene_type', s.scene_type, 'voiceover_text', s.voiceover_text,
      'visual_description', s.visual_description, 'heading', s.heading, 'points', s.points)
      || coalesce(p_scenes -> s.scene_number::text, '{}') order by s.scene_number)
    from public.scenes as s where s.script_id = v_script.id
  )));
end
$$;
comment on function private.revise_script(public.generation_jobs, jsonb) is 'Makes a new script of the newest, with other scenes; the older one stays.';

create function private.drop_platforms(p_job_id uuid, p_platforms text [])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_task_ids uuid [] := array(
    select t.id from public.stage_tasks as t
    where t.job_id = p_job_id and (
      t.platform <> all(p_platforms)
      or (t.stage = 'video_generation' and not exists (
        select from public.platforms as r where r.platform = any(p_platforms) and (r.width, r.height) = (t.width, t.height)
      ))
    )
  );
begin
  perform private.forget_content(array[p_job_id], v_task_ids);
  delete from public.stage_tasks as t where t.job_id = p_job_id and t.id = any(v_task_ids);
end
$$;
comment on function private.drop_platforms(uuid, text []) is 'Removes the tasks of a job that none of these platforms needs.';

create function private.add_platforms(p_job public.generation_jobs)
returns void
language plpgsql
set search_path = ''
as $$
begin
  -- A job without a script has no sound yet: all its tasks are made when the script is there.
  insert into public.stage_tasks (
    job_id, tenant_id, project_id, batch_id, stage, scene_number, aspect, width, height, position, lane, needs, status, generation
  )
  select a.job_id, a.tenant_id, a.project_id, a.batch_id, 'video_generation', a.scene_number, r.aspect, r.width, r.height,
    2000 + a.scene_number, p_job.lane, array[a.id], 'blocked', p_job.generation + 1
  from public.stage_tasks as a
  cross join (select distinct p.aspect, p.width, p.height from public.platforms as p where p.platform = any(p_job.platforms)) as r
  where a.job_id = p_job.id and a.stage = 'audio_generation'
  on conflict do nothing;

  with package as (
    insert into public.stage_tasks (
      job_id, tenant_id, project_id, batch_id, stage, aspect, width, height, platform, position, lane, needs, status, generation
    )
    select p_job.id, p_job.tenant_id, p_job.project_id, p_job.batch_id, 'platform_adaptation', r.aspect, r.width, r.height, r.platform,
      3000, p_job.lane, v.needs, 'blocked', p_job.generation + 1
    from public.platforms as r
    cross join lateral (
      select array_agg(t.id order by t.scene_number) as needs from public.stage_tasks as t
      where t.job_id = p_job.id and t.stage = 'video_generation' and (t.width, t.height) = (r.width, r.height)
    ) as v
    where r.platform = any(p_job.platforms) and v.needs is not null
    on conflict do nothing
    returning id, aspect, width, height, platform
  )
  insert into public.stage_tasks (
    job_id, tenant_id, project_id, batch_id, stage, aspect, width, height, platform, position, lane, needs, status, generation
  )
  select p_job.id, p_job.tenant_id, p_job.project_id, p_job.batch_id, 'post_processing', k.aspect, k.width, k.height, k.platform,
    4000, p_job.lane, array[k.id], 'blocked', p_job.generation + 1
  from package as k;
end
$$;
comment on function private.add_platforms(public.generation_jobs) is
  'Adds the tasks that the platforms of a job need and that are not there; blocked, until the job begins its next generation.';

create function private.change_job(p_job public.generation_jobs, p_changes jsonb, p_stage text)
returns text
language plpgsql
set search_path = ''
as $$
declare
  v_problems jsonb := private.change_problems(p_job, p_changes, p_stage);
begin
  if v_problems <> '[]' then
    raise exception '% of the changes cannot be made.', jsonb_array_length(v_problems)
      using errcode = 'CR001', detail = v_problems::text, hint = 'Correct the fields named, or leave them out.';
  end if;
  p_job.params := (p_job.params || (p_changes - array['scenes', 'platforms']))
    - array(select c.key from jsonb_each(p_changes) as c where c.value = 'null');
  if p_changes ? 'platforms' then
    p_job.platforms := array(select distinct p from jsonb_array_elements_text(p_changes -> 'platforms') as p order by p);
  end if;
  update public.generation_jobs set params = p_job.params, platforms = p_job.platforms where id = p_job.id;
  if p_changes ? 'scenes' then
    perform private.revise_script(p_job, p_changes -> 'scenes');
  end if;
  if p_changes ? 'platforms' then
    perform private.drop_platforms(p_job.id, p_job.platforms);
    perform private.add_platforms(p_job);
  end if;
  return (
    select f.stage from private.change_stages() as f join private.stage_weights() as w on w.stage = f.stage
    where p_changes ? f.field order by w.place limit 1
  );
end
$$;
comment on function private.change_job(public.generation_jobs, jsonb, text) is
  'Gives a job that has ended other inputs; returns the first stage that may depend on them. Raises CR001 with every problem in the detail.';

-- Retries of single tasks, and of all that failed by a filter.

create function private.retry_tasks(p_job_ids uuid [], p_task_ids uuid [])
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_count int;
begin
  -- A job that goes on beside what failed stays in its generation.
  perform private.start_generation(array(
    select j.id from public.generation_jobs as j where j.id = any(p_job_ids) and j.status not in ('pending', 'processing')
  ));
  update public.stage_tasks as t
  set status = 'pending', generation = j.generation, failure_count = 0, lost_count = 0, completed_at = null, progress = 0,
    content_key = null, is_reused = false, error_code = null, error_message = null, next_step = null
  from public.generation_jobs as j
  where t.job_id = any(p_job_ids) and t.id = any(p_task_ids) and j.id = t.job_id and t.status = 'failed';
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function private.retry_tasks(uuid [], uuid []) is
  'Runs dead letters again, of jobs that have ended or not; returns how many. Their tenant is locked.';

create function private.redo_task(p_task public.stage_tasks)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_task_ids uuid [] := array(
    with recursive follower as (
      select p_task.id
      union
      select t.id from public.stage_tasks as t join follower as f on f.id = any(t.needs) where t.job_id = p_task.job_id
    )
    select f.id from follower as f
  );
  v_count int;
begin
  perform private.start_generation(array[p_task.job_id]);
  perform private.forget_content(array[p_task.job_id], v_task_ids);
  update public.stage_tasks as t
  set
    status = case when t.id = p_task.id then 'pending' else 'blocked' end,
    redone_in = case when t.id = p_task.id then j.generation else t.redone_in end,
    generation = j.generation, failure_count = 0, lost_count = 0, completed_at = null, progress = 0,
    content_key = null, is_reused = false, error_code = null, error_message = null, next_step = null
  from public.generation_jobs as j
  where t.job_id = p_task.job_id and t.id = any(v_task_ids) and j.id = t.job_id and t.status in ('completed', 'failed');
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function private.redo_task(public.stage_tasks) is
  'Computes a completed task of a job that has ended anew, and what follows from it where its inputs became others. Returns how many tasks.';

create function public.retry_task(job_id uuid, task_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write jobs and tasks; it asserts the right to control the project itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_job public.generation_jobs := private.job_to_control(retry_task.job_id);
  v_task public.stage_tasks;
  v_count int;
begin
  select t.* into v_task from public.stage_tasks as t where t.job_id = v_job.id and t.id = retry_task.task_id for update;
  if not found then
    raise exception 'The job has no task %.', retry_task.task_id using errcode = 'CR002', hint = 'Look at the job, and use the id of one of its tasks.';
  elsif v_job.status = 'cancelled' then
    raise exception 'The job was withdrawn as a whole.' using errcode = 'CR004', hint = 'Retry the job.';
  elsif v_task.status = 'failed' then
    v_count := private.retry_tasks(array[v_job.id], array[v_task.id]);
  elsif v_task.status <> 'completed' then
    raise exception 'The task is %; only one that has ended can run again.', v_task.status
      using errcode = 'CR004', hint = 'Wait until it has ended.';
  elsif v_job.status = 'processing' then
    raise exception 'The task is completed, and the job goes on with its result.'
      using errcode = 'CR004', hint = 'Wait until the job has ended, or cancel it first.';
  elsif v_task.stage = 'script_generation' then
    v_count := private.retry(array[v_job.id], v_task.stage);
  else
    v_count := private.redo_task(v_task);
  end if;
  perform private.release();
  return (
    select jsonb_build_object('job_id', j.id, 'retried_tasks', v_count, 'generation', j.generation)
    from public.generation_jobs as j where j.id = v_job.id);
end
$$;
comment on function public.retry_task(uuid, uuid) is
  'Runs one task again: a failed one, also while its job goes on; or a completed one of a job that has ended, which is then computed anew together '
  'with what follows from it. Returns {job_id, retried_tasks, generation}. Raises CR002, CR003 or CR004.';

create function private.failed_tasks(
  p_tenant_id uuid, p_project_id uuid, p_batch_id uuid, p_error_code text, p_stage text, p_since timestamptz, p_limit int
)
returns table (job_id uuid, task_id uuid)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select t.job_id, t.id
  from public.stage_tasks as t
  join public.batches as b on b.id = t.batch_id and b.deleted_at is null
  where t.tenant_id = p_tenant_id and t.status = 'failed'
    and t.project_id in (select c from private.controlled_project_ids() as c)
    and (p_project_id is null or t.project_id = p_project_id)
    and (p_batch_id is null or t.batch_id = p_batch_id)
    and (p_error_code is null or t.error_code = p_error_code)
    and (p_stage is null or t.stage = p_stage)
    and (p_since is null or t.completed_at >= p_since)
    -- What was withdrawn as a whole does not come back in part.
    and exists (select from public.generation_jobs as j where j.id = t.job_id and j.status <> 'cancelled')
  order by t.job_id, t.id
  limit p_limit;
end
$$;
comment on function private.failed_tasks(uuid, uuid, uuid, text, text, timestamptz, int) is
  'Dead letters of projects that the caller controls, oldest job first, by what is given of a filter.';

create function public.retry_failed(
  project_id uuid default null, batch_id uuid default null, error_code text default null, stage text default null,
  since timestamptz default null
)
returns jsonb
language plpgsql
-- definer: users may not write jobs and tasks; it asserts the right to control the projects itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_tenant_id uuid := private.acting_tenant_id();
  v_job_ids uuid [];
  v_task_ids uuid [];
begin
  if not private.has_role('editor') then
    raise exception 'Your role does not allow you to run anything again.' using errcode = 'CR003', hint = 'Ask an editor, admin or owner.';
  elsif retry_failed.stage is not null then
    perform private.check_stage(retry_failed.stage);
  end if;
  perform private.lock_tenant(v_tenant_id);
  if retry_failed.project_id is not null then
    perform private.project_to_control(retry_failed.project_id);
  end if;
  if retry_failed.batch_id is not null then
    perform private.batch_to_control(retry_failed.batch_id);
  end if;
  select array_agg(f.job_id), array_agg(f.task_id) into v_job_ids, v_task_ids
  from private.failed_tasks(v_tenant_id, retry_failed.project_id, retry_failed.batch_id, retry_failed.error_code, retry_failed.stage,
    retry_failed.since, 1001) as f;
  perform private.retry_tasks(v_job_ids[1:1000], v_task_ids[1:1000]);
  perform private.release();
  return jsonb_build_object(
    'retried_tasks', least(1000, coalesce(cardinality(v_task_ids), 0)),
    'retried_jobs', (select count(distinct j) from unnest(v_job_ids[1:1000]) as j),
    'is_finished', coalesce(cardinality(v_task_ids), 0) <= 1000);
end
$$;
comment on function public.retry_failed(uuid, uuid, text, text, timestamptz) is
  'Runs again what failed for good in projects that the caller controls, by project, batch, error code, stage and time of the failure; at most 1,000 '
  'tasks in one call: repeat it until is_finished. Returns {retried_tasks, retried_jobs, is_finished}. Raises CR001, CR002 or CR003.';

grant execute on function public.retry_task(uuid, uuid), public.retry_failed(uuid, uuid, text, text, timestamptz) to authenticated;
