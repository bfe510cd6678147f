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
  perform private.repeat_reviews(p_job_ids);
  perform private.audit_tasks('replay', p_job_ids, p_task_ids);
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
  where t.job_id = p_task.job_id and t.id = any(v_task_ids) and j.id = t.job_id and t.status in ('completed', 'failed', 'pending');
  get diagnostics v_count = row_count;
  perform private.repeat_reviews(array[p_task.job_id]);
  return v_count;
end
$$;
comment on function private.redo_task(public.stage_tasks) is
  'Computes a completed task of a job that has ended, or is in review, anew, and what follows from it where its inputs became others. Returns how many tasks.';

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
  elsif v_job.status = 'processing' and not private.is_in_review(v_job) then
    raise exception 'The task is completed, and the job goes on with its result.'
      using errcode = 'CR004', hint = 'Wait until the job has ended, or cancel it first.';
  elsif v_task.stage = 'script_generation' then
    v_count := private.retry(array[v_job.id], v_task.stage);
    perform private.repeat_reviews(array[v_job.id]);
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
  'Runs one task again: a failed one, also while its job goes on; or a completed one of a job that has ended or waits to be looked at, which is then computed anew together '
  'with what follows from it. Returns {job_id, retried_tasks, generation}. Raises CR002, CR003 or CR004.';

create function private.failed_tasks(
  p_tenant_id uuid, p_project_id uuid, p_batch_id uuid, p_error_code text, p_stage text, p_since timestamptz, p_until timestamptz, p_limit int
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
    and (p_until is null or t.completed_at < p_until)
    and not private.is_discarded(t)
    -- What was withdrawn as a whole does not come back in part.
    and exists (select from public.generation_jobs as j where j.id = t.job_id and j.status <> 'cancelled')
  order by t.job_id, t.id
  limit p_limit;
end
$$;
comment on function private.failed_tasks(uuid, uuid, uuid, text, text, timestamptz, timestamptz, int) is
  'Dead letters of projects that the caller controls and nobody has discarded, oldest job first, by what is given of a filter.';

create function public.retry_failed(
  project_id uuid default null, batch_id uuid default null, error_code text default null, stage text default null,
  since timestamptz default null, until timestamptz default null
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
    retry_failed.since, retry_failed.until, 1001) as f;
  perform private.retry_tasks(v_job_ids[1:1000], v_task_ids[1:1000]);
  perform private.release();
  return jsonb_build_object(
    'retried_tasks', least(1000, coalesce(cardinality(v_task_ids), 0)),
    'retried_jobs', (select count(distinct j) from unnest(v_job_ids[1:1000]) as j),
    'is_finished', coalesce(cardinality(v_task_ids), 0) <= 1000);
end
$$;
comment on function public.retry_failed(uuid, uuid, text, text, timestamptz, timestamptz) is
  'Runs again what failed for good in projects that the caller controls, by project, batch, error code, stage and time of the failure; at most 1,000 '
  'tasks in one call: repeat it until is_finished. Returns {retried_tasks, retried_jobs, is_finished}. Raises CR001, CR002 or CR003.';

grant execute on function public.retry_task(uuid, uuid), public.retry_failed(uuid, uuid, text, text, timestamptz, timestamptz) to authenticated;
