-- What followers are told of each kind of row: whole rows, with the fields of the architecture's appendix D and what else lists
-- show, and `version`, which only grows. Internal bookkeeping and long texts are left out.

create function private.live_batch(p_batch public.batches)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'id', p_batch.id, 'project_id', p_batch.project_id, 'number', p_batch.number, 'title', p_batch.title,
    'status', p_batch.status, 'progress', p_batch.progress, 'job_count', p_batch.job_count,
    'pending_count', p_batch.pending_count, 'processing_count', p_batch.processing_count,
    'completed_count', p_batch.completed_count, 'failed_count', p_batch.failed_count,
    'cancelled_count', p_batch.cancelled_count, 'max_concurrent_tasks', p_batch.max_concurrent_tasks,
    'paused_at', p_batch.paused_at, 'created_by', p_batch.created_by, 'created_at', p_batch.created_at,
    'started_at', p_batch.started_at, 'completed_at', p_batch.completed_at, 'deleted_at', p_batch.deleted_at,
    'timestamp', p_batch.updated_at, 'version', p_batch.version);
end
$$;
comment on function private.live_batch(public.batches) is 'A batch as followers are told of it.';

create function private.live_job(p_job public.generation_jobs)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'id', p_job.id, 'job_id', p_job.id, 'project_id', p_job.project_id, 'batch_id', p_job.batch_id,
    'position', p_job.position, 'job_type', p_job.job_type, 'lane', p_job.lane, 'topic', p_job.topic,
    'platforms', p_job.platforms, 'generation', p_job.generation, 'stage', p_job.stage, 'status', p_job.status,
    'current_step', p_job.current_step, 'total_steps', p_job.total_steps, 'progress', p_job.progress,
    'error_code', p_job.error_code, 'error_message', p_job.error_message, 'next_step', p_job.next_step,
    'result_data', p_job.result_data, 'paused_at', p_job.paused_at, 'created_at', p_job.created_at,
    'started_at', p_job.started_at, 'completed_at', p_job.completed_at,
    'timestamp', p_job.updated_at, 'version', p_job.version);
end
$$;
comment on function private.live_job(public.generation_jobs) is
  'A job as followers are told of it: the progress event of the architecture''s appendix D, and the rest of what lists show.';

create function private.live_task(p_task public.stage_tasks)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'id', p_task.id, 'job_id', p_task.job_id, 'project_id', p_task.project_id, 'batch_id', p_task.batch_id,
    'stage', p_task.stage, 'scene_number', p_task.scene_number, 'aspect', p_task.aspect, 'platform', p_task.platform,
    'position', p_task.position, 'generation', p_task.generation, 'status', p_task.status, 'progress', p_task.progress,
    'retries', p_task.failure_count + p_task.lost_count, 'is_reused', p_task.is_reused, 'run_at', p_task.run_at,
    'error_code', p_task.error_code, 'error_message', p_task.error_message, 'next_step', p_task.next_step,
    'started_at', p_task.started_at, 'completed_at', p_task.completed_at,
    'timestamp', p_task.updated_at, 'version', p_task.version);
end
$$;
comment on function private.live_task(public.stage_tasks) is 'A task as followers are told of it.';

create function private.live_event(p_event public.job_events)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'id', p_event.id, 'job_id', p_event.job_id, 'project_id', p_event.project_id, 'batch_id', p_event.batch_id,
    'task_id', p_event.task_id, 'stage', p_event.stage, 'status', p_event.status, 'current_step', p_event.current_step,
    'total_steps', p_event.total_steps, 'progress', p_event.progress, 'retries', p_event.retries,
    'error_code', p_event.error_code, 'error_message', p_event.error_message, 'timestamp', p_event.created_at);
end
$$;
comment on function private.live_event(public.job_events) is
  'An event as followers are told of it, by the architecture''s appendix D. Never left out: a failure stays visible though a retry followed at once.';

create function private.live_project(p_project public.projects)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'id', p_project.id, 'name', p_project.name, 'status', p_project.status, 'owner_id', p_project.owner_id,
    'max_concurrent_tasks', p_project.max_concurrent_tasks, 'paused_at', p_project.paused_at,
    'created_at', p_project.created_at, 'deleted_at', p_project.deleted_at,
    'timestamp', p_project.updated_at, 'version', p_project.version);
end
$$;
comment on function private.live_project(public.projects) is 'A project as followers are told of it, without its long texts.';

create function private.live_tenant(p_tenant public.tenants)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'id', p_tenant.id, 'name', p_tenant.name, 'plan', p_tenant.plan, 'epoch', p_tenant.epoch,
    'max_concurrent_tasks', p_tenant.max_concurrent_tasks, 'paused_at', p_tenant.paused_at,
    'timestamp', p_tenant.updated_at);
end
$$;
comment on function private.live_tenant(public.tenants) is 'A tenant as followers are told of it.';

create function private.live_rows(p_scope_id uuid, p_mark_ids bigint [])
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  v_is_too_much boolean;
begin
  select bool_or(o.ids is null) or count(distinct u.id) > (select s.live_max_rows from private.settings as s)
  into v_is_too_much
  from public.realtime_outbox as o
  left join unnest(o.ids) as u (id) on true
  where o.id = any(p_mark_ids) and p_scope_id = any(o.scopes);
  if v_is_too_much then
    return null;
  end if;
  return (
    with name as materialized (
      select distinct o.entity, u.job_id, u.id
      from public.realtime_outbox as o
      cross join unnest(o.job_ids, o.ids) as u (job_id, id)
      where o.id = any(p_mark_ids) and p_scope_id = any(o.scopes)
    ), live as (
      -- One look-up for each name: a join might be planned to read whole tables.
      select n.entity, n.id, case n.entity
        when 'batch' then (select private.live_batch(b) from public.batches as b where b.id = n.id)
        when 'job' then (select private.live_job(j) from public.generation_jobs as j where j.id = n.id)
        when 'task' then (select private.live_task(t) from public.stage_tasks as t where t.job_id = n.job_id and t.id = n.id)
        when 'event' then (select private.live_event(e) from public.job_events as e where e.job_id = n.job_id and e.id = n.id)
        when 'project' then (select private.live_project(p) from public.projects as p where p.id = n.id)
        else (select private.live_tenant(t) from public.tenants as t where t.id = n.id)
      end as told
      from name as n
    )
    select jsonb_build_object('batches', '[]'::jsonb, 'jobs', '[]'::jsonb, 'tasks', '[]'::jsonb, 'events', '[]'::jsonb)
      || coalesce(jsonb_object_agg(l.name, l.told), '{}')
    from (
      select case live.entity when 'batch' then 'batches' else live.entity || 's' end as name,
        jsonb_agg(live.told order by live.id) as told
      from live
      where live.told is not null
      group by live.entity
    ) as l
  );
end
$$;
comment on function private.live_rows(uuid, bigint []) is
  'The rows that marks name for a topic, as they are now; null when there are too many. What is gone is left out.';
