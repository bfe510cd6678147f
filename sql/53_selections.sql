-- What is done to a selection of jobs at once: the controls of single jobs, for up to a thousand.

create function private.takes_action(p_job public.generation_jobs, p_action text, p_stage text, p_lane text)
returns boolean
language sql
immutable
set search_path = ''
return case p_action
  when 'pause' then p_job.status in ('pending', 'processing') and p_job.paused_at is null
  when 'resume' then p_job.paused_at is not null
  when 'cancel' then p_job.status in ('pending', 'processing')
  when 'retry' then p_job.status in ('failed', 'cancelled') or (p_job.status = 'completed' and p_stage is not null)
  when 'priority' then p_job.status in ('pending', 'processing') and p_job.lane <> p_lane
end;
comment on function private.takes_action(public.generation_jobs, text, text, text) is 'Whether an action changes anything of a job.';

create function private.act_on_some(p_job_ids uuid [], p_action text, p_stage text, p_lane text, p_now boolean)
returns void
language plpgsql
set search_path = ''
as $$
begin
  case p_action
    when 'pause' then
      update public.generation_jobs set paused_at = now(), paused_by = private.user_id() where id = any(p_job_ids);
      perform private.take_back(array(
        select t from public.stage_tasks as t
        where t.job_id = any(p_job_ids) and t.status in ('queued', 'processing') and (p_now or t.status = 'queued')
      ));
    when 'resume' then
      update public.generation_jobs set paused_at = null, paused_by = null, paused_after = null where id = any(p_job_ids);
    when 'cancel' then
      perform private.withdraw(p_job_ids);
    when 'retry' then
      perform private.retry(p_job_ids, p_stage);
      perform private.unlock_dependents(p_job_ids);
    when 'priority' then
      perform private.change_lane(p_job_ids, p_lane);
  end case;
end
$$;
comment on function private.act_on_some(uuid [], text, text, text, boolean) is
  'Does to jobs, which take the action and whose tenant is locked, what the controls of a single job do.';

create function private.check_action(p_action text, p_job_ids uuid [], p_stage text, p_lane text)
returns void
language plpgsql
stable
set search_path = ''
as $$
begin
  if p_action is null or p_action not in ('pause', 'resume', 'cancel', 'retry', 'priority') then
    raise exception 'There is no action %.', coalesce(p_action, 'null')
      using errcode = 'CR001', hint = 'Use pause, resume, cancel, retry or priority.';
  elsif coalesce(cardinality(p_job_ids), 0) not between 1 and 1000 then
    raise exception '% jobs are not what one call takes.', coalesce(cardinality(p_job_ids), 0)
      using errcode = 'CR001', hint = 'Name 1 to 1,000 jobs, and call again for more.';
  elsif not private.has_role('editor') then
    raise exception 'Your role does not allow you to control jobs.' using errcode = 'CR003', hint = 'Ask an editor, admin or owner.';
  end if;
  if p_action = 'priority' then
    perform private.check_lane(p_lane);
  elsif p_action = 'retry' and p_stage is not null then
    perform private.check_stage(p_stage);
  end if;
end
$$;
comment on function private.check_action(text, uuid [], text, text) is
  'Raises CR001 unless this is an action for 1 to 1,000 jobs, CR003 unless the role of the caller allows any.';

create function public.act_on_jobs(
  action text, job_ids uuid [], stage text default null, lane text default null, now boolean default false
)
returns jsonb
language plpgsql
-- definer: users may not write jobs and tasks; it leaves out jobs whose project the caller does not control.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_tenant_id uuid := private.acting_tenant_id();
  v_until timestamptz := clock_timestamp() + interval '3 seconds';
  v_job_ids uuid [];
  v_count int := 0;
begin
  perform private.check_action(act_on_jobs.action, act_on_jobs.job_ids, act_on_jobs.stage, act_on_jobs.lane);
  perform private.lock_tenant(v_tenant_id);
  v_job_ids := array(
    select j.id
    from public.generation_jobs as j
    join public.batches as b on b.id = j.batch_id and b.deleted_at is null
    where j.id = any(act_on_jobs.job_ids) and j.tenant_id = v_tenant_id
      and j.project_id in (select c from private.controlled_project_ids() as c)
      and private.takes_action(j, act_on_jobs.action, act_on_jobs.stage, act_on_jobs.lane)
    order by j.id
  );
  for v_first in 1..cardinality(v_job_ids) by 50 loop
    exit when clock_timestamp() > v_until;
    perform private.act_on_some(v_job_ids[v_first:v_first + 49], act_on_jobs.action, act_on_jobs.stage, act_on_jobs.lane,
      coalesce(act_on_jobs.now, false));
    v_count := least(v_first + 49, cardinality(v_job_ids));
  end loop;
  perform private.release();
  return jsonb_build_object('changed_jobs', v_count, 'remaining_jobs', cardinality(v_job_ids) - v_count,
    'skipped_jobs', (select count(distinct j) from unnest(act_on_jobs.job_ids) as j) - cardinality(v_job_ids));
end
$$;
comment on function public.act_on_jobs(text, uuid [], text, text, boolean) is
  'Does the same to up to 1,000 jobs: pause (with now, what runs is stopped too), resume, cancel, retry (of what failed or was cancelled; with a '
  'stage also of what is completed, from that stage on) or priority (with the lane). Skipped are those that do not exist, that the caller does not '
  'control, or of which the action changes nothing; as many as fit into one call are changed: repeat it while remaining_jobs is not 0. Returns '
  '{changed_jobs, remaining_jobs, skipped_jobs}. Raises CR001 or CR003.';

grant execute on function private.takes_action(public.generation_jobs, text, text, text) to authenticated;
grant execute on function public.act_on_jobs(text, uuid [], text, text, boolean) to authenticated;
