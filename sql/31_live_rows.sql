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
    'starts_at', p_batch.starts_at, 'deadline', p_batch.deadline, 'is_late', p_batch.is_late,
    'blocked_at', p_batch.blocked_at, 'blocked_reason', p_batch.blocked_reason, 'waiting_at', p_batch.waiting_at,
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
    'result_data', p_job.result_data, 'paused_at', p_job.paused_at, 'pause_after', p_job.pause_after,
    'paused_after', p_job.paused_after, 'created_at', p_job.created_at,
    'started_at', p_job.started_at, 'completed_at', p_job.completed_at,
    'blocked_at', p_job.blocked_at, 'blocked_reason', p_job.blocked_reason, 'deadline', p_job.deadline, 'is_late', p_job.is_late,
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
    'error_code', p_event.error_code, 'error_message', p_event.error_message,
    'action', p_event.action, 'user_id', p_event.user_id, 'timestamp', p_event.created_at);
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

create function private.changed_by_marks(p_scope_id uuid, p_mark_ids bigint [], p_limit int)
returns table (
  name text, id uuid, batch public.batches, job public.generation_jobs, task public.stage_tasks, event public.job_events,
  project public.projects, tenant public.tenants
)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  -- Whatever a marked transaction changed bears its time. Rows are looked up one by one: a join might be planned to read
  -- whole tables.
  return query
  with mark as materialized (
    select o.* from public.realtime_outbox as o where o.id = any(p_mark_ids) and p_scope_id = any(o.scopes)
  ), batch as materialized (
    select m.batch_id as id, min(m.created_at) as since from mark as m where m.batch_id is not null group by m.batch_id
  ), job as materialized (
    select u.id, min(m.created_at) as since, array_agg(distinct m.created_at) as times
    from mark as m
    cross join unnest(m.ids) as u (id)
    where m.entity = 'job' and p_scope_id <> m.tenant_id
    group by u.id
  )
  select 'batches', r.id, r.one, null::public.generation_jobs, null::public.stage_tasks, null::public.job_events,
    null::public.projects, null::public.tenants
  from batch as n
  cross join lateral (select b.id, b as one from public.batches as b where b.id = n.id and b.updated_at >= n.since offset 0) as r
  union all
  select 'jobs', r.id, null, r.one, null, null, null, null
  from job as n
  cross join lateral (select j.id, j as one from public.generation_jobs as j where j.id = n.id and j.updated_at >= n.since offset 0) as r
  union all
  select 'tasks', r.id, null, null, r.one, null, null, null
  from job as n
  cross join lateral (select t.id, t as one from public.stage_tasks as t where t.job_id = n.id and t.updated_at >= n.since offset 0) as r
  union all
  select 'events', r.id, null, null, null, r.one, null, null
  from job as n
  cross join lateral (select e.id, e as one from public.job_events as e where e.job_id = n.id and e.created_at = any(n.times) offset 0) as r
  union all
  select 'projects', p.id, null, null, null, null, p, null from public.projects as p
  where p.id in (select m.project_id from mark as m where m.entity = 'project')
  union all
  select 'tenants', t.id, null, null, null, null, null, t from public.tenants as t
  where t.id in (select m.tenant_id from mark as m where m.entity = 'tenant')
  limit p_limit;
end
$$;
comment on function private.changed_by_marks(uuid, bigint [], int) is
  'Up to so many rows that marks name for the topic of a scope, as they are now: for the tenant''s topic batches without their jobs. What is gone '
  'is left out.';

create function private.live_rows(p_scope_id uuid, p_mark_ids bigint [])
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  v_max int := (select s.live_max_rows from private.settings as s);
begin
  if exists (
    select from public.realtime_outbox as o
    where o.id = any(p_mark_ids) and p_scope_id = any(o.scopes) and (
      case when o.entity = 'job' and p_scope_id = o.tenant_id then false else o.ids is null or cardinality(o.ids) > v_max end)
  ) then
    return null;
  end if;
  return (
    with found as materialized (
      select * from private.changed_by_marks(p_scope_id, p_mark_ids, v_max + 1)
    )
    -- Put together only when they are few enough, which costs most.
    select case when (select count(*) from found) <= v_max then
      '{"batches": [], "jobs": [], "tasks": [], "events": []}'::jsonb || coalesce((
        select jsonb_object_agg(l.name, l.told)
        from (
          select f.name, jsonb_agg(case f.name
            when 'batches' then private.live_batch(f.batch)
            when 'jobs' then private.live_job(f.job)
            when 'tasks' then private.live_task(f.task)
            when 'events' then private.live_event(f.event)
            when 'projects' then private.live_project(f.project)
            else private.live_tenant(f.tenant)
          end order by f.id) as told
          from found as f
          group by f.name
        ) as l
      ), '{}')
    end
  );
end
$$;
comment on function private.live_rows(uuid, bigint []) is
  'The rows of the next message on a topic, by kind; null when there are too many, or rows are gone.';
