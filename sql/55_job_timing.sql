-- When a single job may begin and must have ended. Fields of a topic: deadline, a moment, and on_deadline: cancel (default) what
-- has not ended then, or only warn (is_late). What a job waits for stands in 55_job_dependencies.sql.

create index generation_jobs_deadline on public.generation_jobs (deadline) where deadline is not null and not is_late and completed_at is null;

create function private.mark_late_jobs(p_tenant_ids uuid [])
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_late uuid [] := array(
    select j.id from public.generation_jobs as j
    where j.deadline <= now() and not j.is_late and j.completed_at is null and j.tenant_id = any(p_tenant_ids)
    order by j.deadline limit 100
  );
begin
  update public.generation_jobs set is_late = true where id = any(v_late);
  perform private.withdraw_because(
    array(select j.id from public.generation_jobs as j where j.id = any(v_late) and j.params ->> 'on_deadline' is distinct from 'warn'),
    'DEADLINE_PASSED', 'Its deadline passed before it had ended.', 'Retry it, if it is still wanted; give the next more time.');
  return cardinality(v_late);
end
$$;
comment on function private.mark_late_jobs(uuid []) is
  'Marks jobs of these tenants, which are locked, whose deadline has passed, and cancels them where they ask for it; returns how many.';

create function private.told_job_timing(p_job_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object('job_id', j.id, 'status', j.status, 'blocked_at', j.blocked_at, 'blocked_reason', j.blocked_reason,
    'deadline', j.deadline, 'is_late', j.is_late, 'version', j.version)
  from public.generation_jobs as j where j.id = p_job_id
$$;
comment on function private.told_job_timing(uuid) is 'What those who control a job are told of when it runs.';

create function public.start_job(job_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_job public.generation_jobs := private.job_to_control(start_job.job_id);
begin
  perform private.check_not_ended('job', v_job.status, 'start');
  if v_job.blocked_at is not null then
    perform private.free_jobs(array[v_job.id]);
    perform private.release();
  end if;
  return private.told_job_timing(v_job.id);
end
$$;
comment on function public.start_job(uuid) is
  'Lets a job begin now, whatever jobs it waits for; its batch may still be held back. Saying it twice does no harm. Returns {job_id, status, '
  'blocked_at, blocked_reason, deadline, is_late, version}. Raises CR002, CR003, or CR004 when it has ended.';

create function public.set_job_deadline(job_id uuid, deadline timestamptz, on_deadline text default null)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_job public.generation_jobs := private.job_to_control(set_job_deadline.job_id);
begin
  perform private.check_not_ended('job', v_job.status, 'finish in time');
  if set_job_deadline.deadline <= now() or set_job_deadline.deadline > now() + interval '5 years' then
    raise exception 'A deadline lies ahead, and within five years.' using errcode = 'CR001', hint = 'Name another moment, or none.';
  elsif set_job_deadline.on_deadline not in ('cancel', 'warn') then
    raise exception 'What happens at a deadline is cancel or warn.' using errcode = 'CR001', hint = 'Send one of them, or neither to leave it.';
  end if;
  update public.generation_jobs as j
  set deadline = set_job_deadline.deadline, is_late = false,
    params = j.params || jsonb_strip_nulls(jsonb_build_object('on_deadline', set_job_deadline.on_deadline))
  where j.id = v_job.id;
  return private.told_job_timing(v_job.id);
end
$$;
comment on function public.set_job_deadline(uuid, timestamptz, text) is
  'Gives a job another deadline, or (null) none; on_deadline: cancel it when it has not ended then, or warn. Returns what start_job does. '
  'Raises CR001, CR002, CR003, or CR004 when it has ended.';

grant execute on function public.start_job(uuid), public.set_job_deadline(uuid, timestamptz, text) to authenticated;
