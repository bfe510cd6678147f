-- Pauses of jobs are in their history, with who made them, and so are those of what they belong to.

alter table public.job_events
add column action text check (action in ('pause', 'review', 'resume')),
add column user_id uuid;
comment on table public.job_events is
  'Every change of state of jobs and tasks, and every pause of jobs, append-only. Without foreign keys, so that it outlives what it tells of.';
comment on column public.job_events.action is
  'What was done to a job that has not ended: paused, paused by itself to be looked at after the stage, or resumed. Null for a change of status alone.';
comment on column public.job_events.user_id is 'Who did that; null for operators, and of what it did by itself.';

create or replace function private.jobs_changed()
returns trigger
language plpgsql
-- definer: callers may not write batches themselves.
security definer
set search_path = ''
as $$
declare
  v_moves private.batch_move [];
begin
  -- A statement for each, because an insertion has no old rows that could be named, and a deletion no new ones.
  if tg_op = 'UPDATE' then
    v_moves := array(
      select row(c.batch_id, c.status, sum(c.jobs), sum(c.progress))::private.batch_move
      from (
        select n.batch_id, n.status, 1 as jobs, n.progress from new_rows as n
        union all
        select o.batch_id, o.status, -1, -o.progress from old_rows as o
      ) as c
      group by c.batch_id, c.status
      having sum(c.jobs) <> 0 or sum(c.progress) <> 0);
  elsif tg_op = 'INSERT' then
    v_moves := array(
      select row(n.batch_id, n.status, count(*), sum(n.progress))::private.batch_move
      from new_rows as n group by n.batch_id, n.status);
  else
    v_moves := array(
      select row(o.batch_id, o.status, -count(*), -sum(o.progress))::private.batch_move
      from old_rows as o group by o.batch_id, o.status);
  end if;
  if v_moves <> '{}' then
    perform private.apply_batch_moves(v_moves);
  end if;
  if tg_op = 'UPDATE' then
    insert into public.job_events (
      job_id, tenant_id, project_id, batch_id, stage, status, progress, current_step, total_steps, error_code, error_message, action, user_id
    )
    select n.id, n.tenant_id, n.project_id, n.batch_id, case when d.action = 'review' then n.paused_after else n.stage end, n.status,
      n.progress, n.current_step, n.total_steps, n.error_code, n.error_message,
      d.action, case when d.action in ('pause', 'resume') then private.user_id() end
    from new_rows as n
    join old_rows as o on o.id = n.id
    cross join lateral (
      select case
        when n.completed_at is not null then null
        when n.paused_after is not null and o.paused_after is null then 'review'
        when n.paused_at is not null and o.paused_at is null then 'pause'
        when n.paused_at is null and o.paused_at is not null then 'resume' end as action
    ) as d
    where n.status <> o.status or d.action is not null;
  end if;
  return null;
end
$$;
comment on function private.jobs_changed() is 'Carries changes of jobs to their batches, and records changes of their status and pauses.';

create or replace function private.live_event(p_event public.job_events)
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

create function private.audited_pauses(p_job public.generation_jobs)
returns table (id uuid, scope text, action text, user_id uuid, created_at timestamptz)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select a.id, s.scope, a.action, a.user_id, a.created_at
  from (values ('batch', 'batches', p_job.batch_id::text), ('project', 'projects', p_job.project_id::text),
    ('tenant', 'tenants', p_job.tenant_id::text)) as s (scope, entity, entity_id)
  cross join lateral (
    select b.* from (
      select o.id, o.action, o.user_id, o.created_at from public.audit_events as o
      where o.tenant_id = p_job.tenant_id and o.entity_id = s.entity_id and o.entity = s.entity and o.action in ('pause', 'resume')
        and o.id < private.uuid_at(p_job.created_at)
      order by o.id desc limit 1
    ) as b
    -- It was paused when the job was made.
    where b.action = 'pause'
    union all
    select o.id, o.action, o.user_id, o.created_at from public.audit_events as o
    where o.tenant_id = p_job.tenant_id and o.entity_id = s.entity_id and o.entity = s.entity and o.action in ('pause', 'resume')
      and o.id >= private.uuid_at(p_job.created_at) and o.created_at <= coalesce(p_job.completed_at, 'infinity')
  ) as a;
end
$$;
comment on function private.audited_pauses(public.generation_jobs) is
  'Pauses of the batch, project and tenant of a job, and their ends, that it had to do with: from before it was made only one that still held.';

create function public.list_job_pauses(job_id uuid, before uuid default null, count int default 50)
returns jsonb
language plpgsql
stable
-- definer: members may not read the audit; it asserts that the job is of the caller's tenant.
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_tenant_id uuid := private.acting_tenant_id();
  v_job public.generation_jobs;
begin
  select j.* into v_job from public.generation_jobs as j where j.id = list_job_pauses.job_id and j.tenant_id = v_tenant_id;
  if not found then
    raise exception 'There is no job %.', list_job_pauses.job_id using errcode = 'CR002', hint = 'List the jobs, and use the id of one of them.';
  end if;
  return (
    select coalesce(jsonb_agg(to_jsonb(r) order by r.id desc), '[]')
    from (
      select p.* from (
        select e.id, 'job' as scope, e.action, case when e.action = 'review' then e.stage end as stage, e.user_id, e.created_at
        from public.job_events as e where e.job_id = v_job.id and e.action is not null
        union all
        select a.id, a.scope, a.action, null, a.user_id, a.created_at from private.audited_pauses(v_job) as a
      ) as p
      where list_job_pauses.before is null or p.id < list_job_pauses.before
      order by p.id desc
      limit least(coalesce(list_job_pauses.count, 50), 201)
    ) as r
  );
end
$$;
comment on function public.list_job_pauses(uuid, uuid, int) is
  'Who paused and resumed a job, its batch, its project or its tenant, newest first, those before an id: [{id, scope, action, stage, user_id, '
  'created_at}]. Action: pause, resume, or review where the job paused by itself after a stage. user_id is null of operators. Raises CR002.';
grant execute on function public.list_job_pauses(uuid, uuid, int) to authenticated;
