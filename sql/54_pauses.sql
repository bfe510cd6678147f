-- Who paused and resumed a job, itself or what it belongs to. Its own pauses are in job_events; those of its batch, its project
-- and its tenant in the audit, which only admins read: of it members are told when, what, and by whom.

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
