-- Priority and caps of work that waits or runs. Both are obeyed at once: what is queued already is taken back, and
-- released again in its new order and under the new cap.

create function private.has_lane(p_lane text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return p_lane <> 'premium' or (select t.plan = 'premium' from public.tenants as t where t.id = private.acting_tenant_id());
end
$$;
comment on function private.has_lane(text) is 'Whether the plan of the caller''s tenant includes a lane: premium needs the plan premium.';

create function private.lane_problems(p_topics jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  if not exists (select from jsonb_array_elements(p_topics) as t where t ->> 'priority' = 'premium') or private.has_lane('premium') then
    return null;
  end if;
  return (
    select jsonb_agg(private.as_problem(t.ordinality, 'priority', 'is premium, which needs the plan premium; use urgent or standard') order by t.ordinality)
    from jsonb_array_elements(p_topics) with ordinality as t
    where t.value ->> 'priority' = 'premium'
  );
end
$$;
comment on function private.lane_problems(jsonb) is 'Which topics ask for a lane that the plan does not include; null when none does.';

create function private.check_lane(p_lane text)
returns void
language plpgsql
stable
set search_path = ''
as $$
begin
  if p_lane is null or p_lane not in ('urgent', 'premium', 'standard') then
    raise exception 'There is no lane %.', coalesce(p_lane, 'null')
      using errcode = 'CR001', hint = 'Use urgent, premium or standard.';
  elsif not private.has_lane(p_lane) then
    raise exception 'The plan of your team does not include the lane premium.'
      using errcode = 'CR003', hint = 'Use urgent or standard, or ask for the plan premium.';
  end if;
end
$$;
comment on function private.check_lane(text) is 'Raises CR001 unless a lane of this name exists, CR003 unless the plan of the caller''s tenant includes it.';

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
end
$$;
comment on function private.change_lane(uuid [], text) is 'Moves jobs whose tenant is locked to another lane, with all that waits of them.';

create function private.change_lane_of(p_tenant_id uuid, p_project_id uuid, p_batch_id uuid, p_lane text)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_until timestamptz := clock_timestamp() + interval '3 seconds';
  v_job_ids uuid [];
  v_count int := 0;
begin
  perform private.check_lane(p_lane);
  loop
    v_job_ids := array(
      select j.id from public.generation_jobs as j
      where j.tenant_id = p_tenant_id and j.project_id = p_project_id and j.status in ('pending', 'processing') and j.lane <> p_lane
        and (p_batch_id is null or j.batch_id = p_batch_id)
      order by j.id
      limit 100
    );
    exit when v_job_ids = '{}' or clock_timestamp() > v_until;
    perform private.change_lane(v_job_ids, p_lane);
    v_count := v_count + cardinality(v_job_ids);
  end loop;
  perform private.release();
  return jsonb_build_object('lane', p_lane, 'changed_jobs', v_count, 'is_finished', v_job_ids = '{}');
end
$$;
comment on function private.change_lane_of(uuid, uuid, uuid, text) is
  'Moves open jobs of a project or batch, whose tenant is locked, to another lane, as many as fit into a call; says whether those were all.';

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
    perform private.release();
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
  'Moves what waits of a batch to the lane urgent, premium or standard, also what is queued; as many jobs as fit into one call: repeat it until '
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
