-- What failed for good runs again up to a moment, too.

drop function public.retry_failed(uuid, uuid, text, text, timestamptz);
drop function private.failed_tasks(uuid, uuid, uuid, text, text, timestamptz, int);

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

grant execute on function public.retry_failed(uuid, uuid, text, text, timestamptz, timestamptz) to authenticated;
