-- Jobs that wait for others of their batch and have deadlines of their own; lanes by plan; cancellation in slices.


alter table public.generation_jobs
add column blocked_at timestamptz,
add column blocked_reason text,
add column deadline timestamptz,
add column is_late boolean not null default false;

comment on column public.generation_jobs.blocked_at is 'Nothing of it is released while it waits for other jobs of its batch: since when it does.';
comment on column public.generation_jobs.blocked_reason is 'What it waits for, or why it waits in vain, for people.';
comment on column public.generation_jobs.deadline is 'When it must have ended; params.on_deadline says what happens otherwise.';
comment on column public.generation_jobs.is_late is 'Its deadline has passed before it had ended.';

comment on column public.stage_tasks.held_at is 'Pending, but held back because its job is paused, or waits for other jobs.';

create table public.job_dependencies (
  tenant_id uuid not null,
  batch_id uuid not null,
  job_id uuid not null,
  needs_job_id uuid not null,
  outcome text check (outcome in ('completed', 'failed', 'cancelled')),
  is_due boolean not null default false,
  primary key (job_id, needs_job_id),
  foreign key (tenant_id, batch_id) references public.batches (tenant_id, id) on delete cascade
);
comment on table public.job_dependencies is 'Which jobs of a batch begin after which others of it.';
comment on column public.job_dependencies.outcome is 'How the job that is needed ended the last time; null while it never has, or runs again.';
comment on column public.job_dependencies.is_due is 'It has ended, and the ticker has not drawn the conclusion yet.';
create index job_dependencies_tenant_id_batch_id on public.job_dependencies (tenant_id, batch_id);
create index job_dependencies_needs_job_id on public.job_dependencies (needs_job_id);
create index job_dependencies_due on public.job_dependencies (tenant_id, job_id) where is_due;

alter table public.job_dependencies enable row level security;
create policy "Members read what their tenant's jobs wait for" on public.job_dependencies
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.job_dependencies to authenticated;
grant select, insert, update, delete on public.job_dependencies to service_role;

create function private.after_rows_problem(p_after jsonb, p_place bigint)
returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_row jsonb;
begin
  if jsonb_typeof(p_after) = 'null' then
    return null;
  elsif jsonb_typeof(p_after) <> 'array' or p_after -> 20 is not null then
    return 'is not a list of up to 20 places of topics';
  end if;
  for v_row in select * from jsonb_array_elements(p_after) loop
    if v_row::text !~ '^[1-9][0-9]{0,5}$' or v_row::text::bigint >= p_place then
      return format('names %s, which is not the place of a topic before it', left(v_row::text, 40));
    end if;
  end loop;
  return null;
end
$$;
comment on function private.after_rows_problem(jsonb, bigint) is
  'What is wrong with the list of rows that the topic at a place waits for; null when nothing is.';

create function private.wait_problems(p_topics jsonb, p_after int default 0)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_agg(private.as_problem(t.ordinality, f.key, p.reason) order by t.ordinality, f.key)
    from jsonb_array_elements(p_topics) with ordinality as t
    cross join lateral jsonb_each(
      case when t.value ?| '{after_rows,after_condition,after_failure,deadline,on_deadline}' then t.value else '{}' end) as f
    cross join lateral (
      select case f.key
        when 'after_rows' then private.after_rows_problem(f.value, p_after + t.ordinality)
        when 'after_condition' then case when f.value not in ('"completed"', '"ended"', 'null') then 'is neither completed nor ended' end
        when 'after_failure' then case when f.value not in ('"hold"', '"cancel"', '"run"', 'null') then 'is not hold, cancel or run' end
        when 'deadline' then coalesce(private.moment_problem(f.value),
          case when private.as_moment(f.value #>> '{}') <= now() then 'has passed' end)
        when 'on_deadline' then case when f.value not in ('"cancel"', '"warn"', 'null') then 'is neither cancel nor warn' end
      end as reason
    ) as p
    where jsonb_typeof(t.value) = 'object' and p.reason is not null
  );
end
$$;
comment on function private.wait_problems(jsonb, int) is
  'What is wrong with the fields of topics that say when their jobs run, which come after so many others of the batch; null when nothing is.';

create function private.apply_waits(p_batch public.batches, p_topics jsonb, p_after int default 0)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if not exists (select from jsonb_array_elements(p_topics) as t where t ?| '{after_rows,deadline}') then
    return;
  end if;
  insert into public.job_dependencies (tenant_id, batch_id, job_id, needs_job_id, outcome, is_due)
  select distinct j.tenant_id, j.batch_id, j.id, n.id, case when n.completed_at is not null then n.status end, n.completed_at is not null
  from jsonb_array_elements(p_topics) with ordinality as t
  cross join lateral jsonb_array_elements_text(case jsonb_typeof(t.value -> 'after_rows') when 'array' then t.value -> 'after_rows' else '[]' end) as r
  join public.generation_jobs as j on j.tenant_id = p_batch.tenant_id and j.batch_id = p_batch.id and j.position = p_after + t.ordinality
  join public.generation_jobs as n on n.tenant_id = p_batch.tenant_id and n.batch_id = p_batch.id and n.position = r.value::int;
  update public.generation_jobs as j
  set deadline = private.as_moment(j.params ->> 'deadline'),
    blocked_at = case when w.waits then now() end,
    blocked_reason = case when w.waits then 'It waits for other jobs of its batch.' end
  from (
    select i.id, exists (select from public.job_dependencies as d where d.job_id = i.id) as waits
    from public.generation_jobs as i
    where i.tenant_id = p_batch.tenant_id and i.batch_id = p_batch.id and i.position > p_after
  ) as w
  where j.id = w.id and (w.waits or j.params ->> 'deadline' is not null);
  update public.stage_tasks as t
  set held_at = j.blocked_at
  from public.generation_jobs as j
  where j.tenant_id = p_batch.tenant_id and j.batch_id = p_batch.id and j.position > p_after and j.blocked_at is not null
    and t.job_id = j.id and t.status = 'pending';
end
$$;
comment on function private.apply_waits(public.batches, jsonb, int) is
  'What new topics of a batch, which come after so many others and have been checked, say of when their jobs run; its tenant is locked.';

create function private.free_jobs(p_job_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.generation_jobs as j
  set blocked_at = null, blocked_reason = null
  where j.id = any(p_job_ids) and j.blocked_at is not null;
  update public.stage_tasks as t
  set held_at = j.paused_at
  from public.generation_jobs as j
  where j.id = any(p_job_ids) and t.job_id = j.id and t.status = 'pending' and t.held_at is distinct from j.paused_at;
end
$$;
comment on function private.free_jobs(uuid []) is 'Lets jobs that waited for others begin; those that are paused stay so. Their tenant is locked.';

create function private.unmet_rows(p_job_id uuid)
returns text
language sql
stable
set search_path = ''
as $$
  select format('%s of %s jobs that must be completed first %s failed or cancelled: %s.',
    count(*), (select count(*) from public.job_dependencies as a where a.job_id = p_job_id),
    case count(*) when 1 then 'is' else 'are' end, string_agg(coalesce('job ' || b.number || '.' || n.position, d.needs_job_id::text), ', ' order by n.position))
  from public.job_dependencies as d
  left join public.generation_jobs as n on n.id = d.needs_job_id
  left join public.batches as b on b.id = n.batch_id
  where d.job_id = p_job_id and d.outcome <> 'completed'
$$;
comment on function private.unmet_rows(uuid) is 'Which of what a job waits for did not end well, for people.';

create function private.settle_due_jobs(p_job_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_free uuid [];
  v_cancel uuid [];
  v_hold uuid [];
begin
  update public.job_dependencies set is_due = false where job_id = any(p_job_ids) and is_due;
  select array_agg(s.id) filter (where s.is_met or (s.is_hopeless and s.on_failure = 'run')),
    array_agg(s.id) filter (where s.is_hopeless and s.on_failure = 'cancel'),
    array_agg(s.id) filter (where s.is_hopeless and s.on_failure = 'hold')
  into v_free, v_cancel, v_hold
  from (
    select j.id, coalesce(j.params ->> 'after_failure', 'hold') as on_failure,
      bool_and(d.outcome is not null and (d.outcome = 'completed' or j.params ->> 'after_condition' is not distinct from 'ended')) as is_met,
      bool_or(coalesce(d.outcome <> 'completed', false) and j.params ->> 'after_condition' is distinct from 'ended') as is_hopeless
    from public.generation_jobs as j
    join public.job_dependencies as d on d.job_id = j.id
    where j.id = any(p_job_ids) and j.blocked_at is not null and j.completed_at is null
    group by j.id
  ) as s;
  perform private.free_jobs(v_free);
  perform private.withdraw_because(v_cancel, 'DEPENDENCY_FAILED', 'A job of its batch that must be completed first failed or was cancelled.',
    'Retry what failed, then retry this job; or retry it at once to do without.');
  update public.generation_jobs as j set blocked_reason = private.unmet_rows(j.id) where j.id = any(v_hold);
end
$$;
comment on function private.settle_due_jobs(uuid []) is
  'Lets jobs begin when what they wait for has ended as they ask, or does what they ask for otherwise. Their tenants are locked.';

create function private.settle_jobs(p_tenant_ids uuid [])
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_job_ids uuid [];
  v_count int := 0;
begin
  -- What is cancelled may let others end too: a chain is followed to its end, or goes on with the next tick.
  for v_round in 1..50 loop
    v_job_ids := array(
      select distinct d.job_id from public.job_dependencies as d where d.is_due and d.tenant_id = any(p_tenant_ids) limit 1000
    );
    exit when v_job_ids = '{}';
    perform private.settle_due_jobs(v_job_ids);
    v_count := v_count + cardinality(v_job_ids);
  end loop;
  return v_count;
end
$$;
comment on function private.settle_jobs(uuid []) is
  'Settles the jobs of these tenants, which are locked, of whose needs some have ended; returns how many it looked at.';

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

create or replace function private.hold_tasks()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  update public.stage_tasks set held_at = coalesce(new.paused_at, new.blocked_at) where job_id = new.id and status = 'pending';
  return null;
end
$$;
comment on function private.hold_tasks() is
  'Holds back what waits of a job that is paused, and lets it go when the job is resumed. Whoever pauses locks the tenant first.';

create or replace function private.withdraw_some(
  p_tenant_id uuid, p_project_id uuid default null, p_batch_id uuid default null, p_seconds float default 3,
  p_most int default 10000
)
returns uuid []
language plpgsql
set search_path = ''
as $$
declare
  v_until timestamptz := clock_timestamp() + p_seconds * interval '1 second';
  v_began_at timestamptz;
  v_slice int := 50;
  v_done uuid [] := '{}';
  -- What is at work comes first, so that the first call stops all of it.
  v_job_ids uuid [] := array(
    select distinct t.job_id from public.stage_tasks as t
    where t.tenant_id = p_tenant_id and t.status in ('queued', 'processing')
      and (p_project_id is null or t.project_id = p_project_id) and (p_batch_id is null or t.batch_id = p_batch_id)
    order by t.job_id
  );
begin
  loop
    v_began_at := clock_timestamp();
    perform private.withdraw(v_job_ids);
    v_done := v_done || v_job_ids;
    exit when clock_timestamp() > v_until or cardinality(v_done) >= p_most;
    -- Jobs that have only begun are many and light.
    if clock_timestamp() < v_began_at + interval '0.1 seconds' then
      v_slice := least(2 * v_slice, 2000);
    end if;
    v_job_ids := array(
      select j.id from public.generation_jobs as j
      where j.tenant_id = p_tenant_id and j.status in ('pending', 'processing')
        and (p_project_id is null or j.project_id = p_project_id) and (p_batch_id is null or j.batch_id = p_batch_id)
      order by j.id
      limit least(v_slice, p_most - cardinality(v_done))
    );
    exit when v_job_ids = '{}';
  end loop;
  return v_done;
end
$$;
comment on function private.withdraw_some(uuid, uuid, uuid, float, int) is
  'Cancels jobs of a tenant, project or batch that have not ended, those at work first, until so many seconds have passed: a job may have a '
  'hundred tasks, and a call has a limit. Returns which. The tenant is locked.';

create or replace function private.withdraw_open(p_tenant_id uuid, p_project_id uuid default null, p_batch_id uuid default null)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_job_ids uuid [] := private.withdraw_some(p_tenant_id, p_project_id, p_batch_id);
begin
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
  'Cancels jobs of a tenant, project or batch that have not ended, as many as a call may, and pauses the batches of the others; returns how many. '
  'The tenant is locked.';

create or replace function public.cancel_project(project_id uuid)
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
  'Withdraws the jobs of a project that have not ended, as many as fit into one call: repeat it while remaining_jobs is not 0; meanwhile their '
  'batches are paused. Returns {project_id, changed_jobs, remaining_jobs}. Raises CR002 or CR003.';

create or replace function public.cancel_tenant()
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
  'Withdraws all jobs of the caller''s tenant that have not ended, as many as fit into one call: repeat it while remaining_jobs is not 0; meanwhile '
  'their batches are paused. For admins and owners. Returns {tenant_id, changed_jobs, remaining_jobs}. Raises CR003.';

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
  'Withdraws the jobs of a batch that have not ended, as many as fit into one call: repeat it while remaining_jobs is not 0; meanwhile the batch is '
  'paused. Returns {batch_id, status, paused_at, version, changed_jobs, remaining_jobs}. Raises CR002, CR003, or CR004 when it has ended.';

create or replace function private.change_lane(p_job_ids uuid [], p_lane text)
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

create or replace function private.change_lane_of(p_tenant_id uuid, p_project_id uuid, p_batch_id uuid, p_lane text)
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

create or replace function public.set_job_lane(job_id uuid, lane text)
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

create or replace function public.set_batch_lane(batch_id uuid, lane text)
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

create or replace function private.retry_some(p_batch public.batches, p_status text)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_until timestamptz := clock_timestamp() + interval '3 seconds';
  v_job_ids uuid [];
  v_count int := 0;
begin
  loop
    v_job_ids := array(
      select j.id from public.generation_jobs as j
      where j.tenant_id = p_batch.tenant_id and j.batch_id = p_batch.id and j.status = p_status
      order by j.position
      limit 50
    );
    exit when v_job_ids = '{}';
    perform private.retry(v_job_ids, null);
    v_count := v_count + cardinality(v_job_ids);
    exit when clock_timestamp() > v_until;
  end loop;
  return v_count;
end
$$;
comment on function private.retry_some(public.batches, text) is
  'Runs jobs of a batch again that failed or were cancelled, until three seconds have passed; returns how many. Its tenant is locked.';

drop function public.retry_batch(uuid);
create or replace function public.retry_batch(batch_id uuid, status text default null)
returns jsonb
language plpgsql
-- definer: users may not write jobs and tasks; it asserts the right to control the project itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_batch public.batches := private.batch_to_control(retry_batch.batch_id);
  -- A batch that was withdrawn has no job that failed: running it again means running what was withdrawn.
  v_status text := coalesce(retry_batch.status, case v_batch.status when 'cancelled' then 'cancelled' else 'failed' end);
  v_count int;
  v_remaining int;
begin
  if v_status not in ('failed', 'cancelled') then
    raise exception 'Jobs that are % are not run again.', v_status using errcode = 'CR001', hint = 'Send failed or cancelled, or neither.';
  end if;
  v_count := private.retry_some(v_batch, v_status);
  if v_count = 0 then
    raise exception 'No job of the batch has failed.'
      using errcode = 'CR004', hint = 'Look at its current state; single jobs can be done again from a stage on.';
  end if;
  perform private.release();
  select case v_status when 'failed' then b.failed_count else b.cancelled_count end into v_remaining
  from public.batches as b where b.id = v_batch.id;
  return private.told_batch(v_batch.id, v_count) || jsonb_build_object('retried_status', v_status, 'remaining_jobs', v_remaining);
end
$$;
comment on function public.retry_batch(uuid, text) is
  'Runs again the jobs of a batch that failed, or were cancelled (status; else what failed, of a cancelled batch what was cancelled), as '
  'retry_job does, as many as fit into one call: repeat it, with retried_status as status, while remaining_jobs is not 0. Returns {batch_id, '
  'status, paused_at, version, changed_jobs, retried_status, remaining_jobs}. Raises CR001, CR002, CR003, or CR004 when there is none.';

create or replace function private.settle_dependencies(p_tenant_ids uuid [])
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_batch public.batches;
  v_is_met boolean;
  v_failure text;
  v_left int;
  v_count int := 0;
begin
  for v_batch in
    select b.* from public.batches as b
    where b.id in (select d.batch_id from public.batch_dependencies as d where d.is_due and d.tenant_id = any(p_tenant_ids) limit 50)
    order by b.id for update
  loop
    update public.batch_dependencies set is_due = false where tenant_id = v_batch.tenant_id and batch_id = v_batch.id and is_due;
    continue when v_batch.blocked_at is null;
    v_count := v_count + 1;
    v_is_met := private.is_met(v_batch);
    v_failure := case when not v_is_met then coalesce(v_batch.options ->> 'after_failure', 'hold') end;
    v_left := 0;
    if v_failure = 'cancel' and v_batch.completed_at is null then
      v_left := private.withdraw_batch(v_batch, 'DEPENDENCY_FAILED', private.unmet(v_batch),
        'Retry what failed, then retry this batch; or retry it at once to do without.');
    end if;
    if v_left > 0 then
      -- The rest with the next tick; until then it stays blocked.
      update public.batch_dependencies set is_due = true where tenant_id = v_batch.tenant_id and batch_id = v_batch.id and outcome is not null;
      return v_count;
    elsif v_failure = 'hold' and v_batch.completed_at is null then
      update public.batches set blocked_reason = private.unmet(v_batch) where id = v_batch.id;
    elsif v_is_met is not null or v_batch.completed_at is not null then
      -- Also where it is cancelled: whoever retries it wants it to run.
      update public.batches set blocked_at = null, blocked_reason = null where id = v_batch.id;
      perform private.forget_wait(v_batch.tenant_id, v_batch.project_id, v_batch.id);
    end if;
  end loop;
  return v_count;
end
$$;
comment on function private.settle_dependencies(uuid []) is
  'Lets batches of these tenants, which are locked, begin when what they wait for has ended as they ask, or does what they ask for otherwise; '
  'returns how many it looked at.';

create or replace function private.mark_late(p_tenant_ids uuid [])
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_batch public.batches;
  v_warns boolean;
  v_count int := 0;
begin
  for v_batch in
    select b.* from public.batches as b
    where b.deadline <= now() and not b.is_late and b.completed_at is null and b.tenant_id = any(p_tenant_ids)
    -- A few at a time: each may have ten thousand jobs.
    order by b.deadline limit 10 for update
  loop
    v_warns := v_batch.options ->> 'on_deadline' is not distinct from 'warn';
    if v_warns or private.open_job_count(v_batch.tenant_id, v_batch.project_id, v_batch.id) <= 100 then
      update public.batches set is_late = true where id = v_batch.id;
    end if;
    v_count := v_count + 1;
    -- The rest with the next tick: then it is still due.
    if not v_warns then
      exit when private.withdraw_batch(v_batch, 'DEADLINE_PASSED', 'The deadline of its batch passed before it had ended.',
        'Retry it, if it is still wanted; give the next batch more time, or fewer topics.') > 0;
    end if;
  end loop;
  return v_count;
end
$$;
comment on function private.mark_late(uuid []) is
  'Marks batches of these tenants, which are locked, whose deadline has passed, and cancels what has not ended of them where they ask for it; returns how many.';

create or replace function private.tidy_task()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if new.status not in ('queued', 'processing') then
    new.entry_id := null;
  end if;
  if new.status <> 'processing' then
    new.worker_id := null;
    if new.status <> 'completed' then
      new.attempt_id := null;
    end if;
  end if;
  if new.status = 'pending' then
    new.held_at := (select coalesce(j.paused_at, j.blocked_at) from public.generation_jobs as j where j.id = new.job_id);
  else
    new.run_at := null;
    new.held_at := null;
    new.awaits_key := null;
  end if;
  return new;
end
$$;
comment on function private.tidy_task() is
  'After a move: forgets what belonged to the state that was left, and holds back a waiting task whose job is paused or waits for others.';

create or replace function private.live_job(p_job public.generation_jobs)
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
    'blocked_at', p_job.blocked_at, 'blocked_reason', p_job.blocked_reason, 'deadline', p_job.deadline, 'is_late', p_job.is_late,
    'timestamp', p_job.updated_at, 'version', p_job.version);
end
$$;
comment on function private.live_job(public.generation_jobs) is
  'A job as followers are told of it: the progress event of the architecture''s appendix D, and the rest of what lists show.';

create or replace function private.has_lane(p_lane text)
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

create or replace function private.lane_problems(p_topics jsonb)
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

create or replace function private.check_lane(p_lane text)
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

create or replace function private.topic_problems(p_topics jsonb)
returns jsonb
language sql
stable
set search_path = ''
as $$
  with topic as materialized (
    select t.ordinality as n, case jsonb_typeof(t.value) when 'object' then t.value else '{}'::jsonb end as v
    from jsonb_array_elements(p_topics) with ordinality as t
  ), problem as (
    select t.n, c.field, c.reason
    from topic as t
    cross join lateral (values
      ('topic', case when coalesce(btrim(t.v ->> 'topic'), '') = '' then 'is missing or empty'
        when length(t.v ->> 'topic') > 500 then 'is longer than 500 characters' end),
      ('brief', case when length(t.v ->> 'brief') > 50000 then 'is longer than 50,000 characters' end),
      ('audience', case when length(t.v ->> 'audience') > 500 then 'is longer than 500 characters' end),
      ('voice', case when length(t.v ->> 'voice') > 100 then 'is longer than 100 characters' end),
      ('metadata', case when length(t.v ->> 'metadata') > 20000 then 'is longer than 20,000 characters' end),
      ('language', case when t.v ->> 'language' !~ '^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$' then 'is not a language tag like en or pt-BR' end),
      ('duration_s', case when jsonb_typeof(t.v -> 'duration_s') <> 'null' and not case
          when jsonb_typeof(t.v -> 'duration_s') = 'number' and t.v ->> 'duration_s' ~ '^[0-9]{1,3}$'
            then (t.v ->> 'duration_s')::int between 5 and 600
          else false end then 'is not a whole number from 5 to 600' end),
      ('platforms', case when jsonb_typeof(t.v -> 'platforms') is distinct from 'array' or t.v -> 'platforms' = '[]'
        then 'names no platform' end),
      ('images', case when jsonb_typeof(t.v -> 'images') not in ('array', 'null') or t.v -> 'images' -> 50 is not null
        then 'is not a list of up to 50 stored files' end)
    ) as c (field, reason)
    where c.reason is not null
    union all
    select t.n, f.field, 'is not text'
    from unnest('{topic,brief,audience,tone,script_type,priority,language,voice}'::text []) as f (field)
    join topic as t on jsonb_typeof(t.v -> f.field) not in ('string', 'null')
    union all
    select t.n, k.field, 'is not something a topic has'
    from topic as t
    cross join lateral (
      select t.v - '{topic,brief,audience,tone,script_type,priority,language,voice,duration_s,platforms,images,library_items,metadata,after_rows,after_condition,after_failure,deadline,on_deadline}'::text []
        as v
    ) as rest
    cross join lateral jsonb_object_keys(rest.v) as k (field)
    where rest.v <> '{}'
    union all
    select t.n, c.field, format('%L is not one of %s', x.value, array_to_string(c.allowed, ', '))
    from private.topic_choices() as c
    join topic as t on jsonb_typeof(t.v -> c.field) <> 'null'
    cross join lateral jsonb_array_elements_text(
      case jsonb_typeof(t.v -> c.field) when 'array' then t.v -> c.field else jsonb_build_array(t.v -> c.field) end) as x (value)
    where coalesce(x.value, 'null') <> all(c.allowed)
    union all
    select t.n, 'images', 'holds something that is not a stored file of yours'
    from topic as t
    cross join lateral jsonb_array_elements(case jsonb_typeof(t.v -> 'images') when 'array' then t.v -> 'images' else '[]' end) as i
    where not private.is_own_file(i)
  )
  select jsonb_agg(private.as_problem(n, field, reason) order by n, field) from problem
$$;
comment on function private.topic_problems(jsonb) is 'Everything wrong with a list of topics; null when nothing is.';

create or replace function private.request_problems(p_topics jsonb, p_options jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  if not private.is_topic_list(p_topics) then
    return jsonb_build_array(private.as_problem(null, 'topics', 'is not a list of 1 to 10,000 topics'));
  elsif jsonb_typeof(p_options) is distinct from 'object' then
    return jsonb_build_array(private.as_problem(null, 'options', 'is not an object'));
  end if;
  return coalesce(private.option_problems(p_options), '[]') || coalesce(private.timing_problems(p_options), '[]') || coalesce(private.topic_problems(p_topics), '[]')
    || coalesce(private.library_problems(p_topics), '[]') || coalesce(private.wait_problems(p_topics), '[]')
    || coalesce(private.lane_problems(p_topics), '[]');
end
$$;
comment on function private.request_problems(jsonb, jsonb) is 'Everything wrong with the topics and options of a batch; an empty list when nothing is.';

create or replace function public.create_batch(
  project_id uuid, topics jsonb, options jsonb default '{}', idempotency_key text default null
)
returns jsonb
language plpgsql
-- definer: users may not write jobs and tasks; it asserts tenant, role and project itself.
security definer
set search_path = ''
-- Queries on partitioned tables, those of foreign keys too, would otherwise be planned again for every row and call.
set plan_cache_mode = 'force_generic_plan'
as $$
#variable_conflict use_column
declare
  v_project public.projects;
  v_batch public.batches;
  v_is_new boolean := true;
begin
  -- Before anything is locked: a new leaf locks whole tables.
  perform private.ensure_partitions(1);
  v_project := private.check_may_create(create_batch.project_id);
  perform private.lock_tenant(v_project.tenant_id);
  if idempotency_key is not null then
    v_batch := private.batch_of_key(v_project, idempotency_key, jsonb_build_array(project_id, topics, options));
    v_is_new := v_batch.id is null;
  end if;
  if v_is_new then
    perform private.check_request(topics, options);
    v_batch := private.insert_batch(v_project, options);
    perform private.insert_jobs(v_batch, topics, coalesce(options ->> 'job_type', 'batch'));
    perform private.apply_waits(v_batch, topics);
    perform private.count_library_use(topics);
    update public.idempotency_keys as k set batch_id = v_batch.id
    where k.tenant_id = v_project.tenant_id and k.key = create_batch.idempotency_key;
    perform private.release();
  end if;
  return (
    select jsonb_build_object('batch_id', b.id, 'number', b.number, 'job_count', b.job_count, 'is_new', v_is_new)
    from public.batches as b where b.id = v_batch.id);
end
$$;
comment on function public.create_batch(uuid, jsonb, jsonb, text) is
  'Creates a batch: one job per topic object {topic, platforms, brief?, audience?, tone?, script_type?, language?, duration_s?, priority?, '
  'voice?, images?, library_items?, metadata?, after_rows?, after_condition?, after_failure?, deadline?, on_deadline?}, in one transaction. Options: title, max_concurrent_tasks, job_type, starts_at, after, after_condition, after_failure, deadline, on_deadline. The same idempotency key and request again return '
  'the same batch. Raises CR001 with every problem in the detail, CR002, CR003 or CR004.';

create or replace function private.start_generation(p_job_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.generation_jobs as j
  set status = 'pending', generation = j.generation + 1, progress = 0, current_step = 0, completed_at = null,
    error_code = null, error_message = null, next_step = null, result_data = null,
    -- Whoever wants it to run again does not want it held back.
    paused_at = null, paused_by = null, blocked_at = null, blocked_reason = null
  where j.id = any(p_job_ids);
  -- It waits again for those it comes after that have not ended, or run again too; without the others it does.
  update public.job_dependencies as d
  set outcome = null, is_due = false
  from public.generation_jobs as n
  where d.job_id = any(p_job_ids) and n.id = d.needs_job_id and n.status in ('pending', 'processing');
  if found then
    update public.generation_jobs as j
    set blocked_at = now(), blocked_reason = 'It waits for other jobs of its batch.'
    where j.id in (select d.job_id from public.job_dependencies as d where d.job_id = any(p_job_ids) and d.outcome is null);
  end if;
end
$$;
comment on function private.start_generation(uuid []) is 'Begins the next generation of jobs that have ended.';

create or replace function private.note_job_end()
returns trigger
language plpgsql
-- definer: whoever ends a job may not write what others wait for.
security definer
set search_path = ''
as $$
begin
  update public.batch_dependencies set outcome = new.status, is_due = true where needs_job_id = new.id;
  update public.job_dependencies set outcome = new.status, is_due = true where needs_job_id = new.id;
  return null;
end
$$;
comment on function private.note_job_end() is 'Notes for those that wait for a job that it has ended.';

create or replace function private.withdraw_because(p_job_ids uuid [], p_error_code text, p_message text, p_next_step text)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if coalesce(cardinality(p_job_ids), 0) = 0 then
    return;
  end if;
  perform private.withdraw(p_job_ids);
  update public.generation_jobs
  set error_code = p_error_code, error_message = p_message, next_step = p_next_step
  where id = any(p_job_ids) and status = 'cancelled';
end
$$;
comment on function private.withdraw_because(uuid [], text, text, text) is
  'Cancels jobs that have not ended, whose tenants are locked, and says in them why.';

create or replace function private.withdraw_batch(p_batch public.batches, p_error_code text, p_message text, p_next_step text)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_open_count int := private.open_job_count(p_batch.tenant_id, p_batch.project_id, p_batch.id);
  -- The last ones are left for a call of their own, which then knows that it ends the batch.
  v_most int := case when v_open_count > 100 then v_open_count - 50 else 100 end;
  v_job_ids uuid [] := private.withdraw_some(p_batch.tenant_id, p_batch.project_id, p_batch.id, 1, v_most);
begin
  update public.generation_jobs
  set error_code = p_error_code, error_message = p_message, next_step = p_next_step
  where id = any(v_job_ids) and status = 'cancelled';
  return private.open_job_count(p_batch.tenant_id, p_batch.project_id, p_batch.id);
end
$$;
comment on function private.withdraw_batch(public.batches, text, text, text) is
  'Cancels what has not ended of a batch whose tenant is locked, as much as fits into a tick, and says in its jobs why; returns how many jobs are left.';

create or replace function private.due_tenant_ids()
returns setof uuid
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  select b.tenant_id from public.batches as b where b.starts_at <= now()
  union
  select d.tenant_id from public.batch_dependencies as d where d.is_due
  union
  select d.tenant_id from public.job_dependencies as d where d.is_due
  union
  select j.tenant_id from public.generation_jobs as j where j.deadline <= now() and not j.is_late and j.completed_at is null
  union
  select b.tenant_id from public.batches as b where b.deadline <= now() and not b.is_late and b.completed_at is null
  union
  (select s.tenant_id from public.schedules as s where s.next_run_at <= now() and s.paused_at is null order by s.next_run_at limit 20);
end
$$;
comment on function private.due_tenant_ids() is 'The tenants of which run_due_schedules has something to do; reads only what is due.';

create or replace function private.run_due_schedules(p_tenant_ids uuid [])
returns int
language plpgsql
set search_path = ''
as $$
begin
  return private.open_due_batches(p_tenant_ids) + private.settle_dependencies(p_tenant_ids) + private.mark_late(p_tenant_ids)
    + private.settle_jobs(p_tenant_ids) + private.mark_late_jobs(p_tenant_ids)
    + private.run_due_occurrences(p_tenant_ids);
end
$$;
comment on function private.run_due_schedules(uuid []) is
  'What a schedule, a start, a deadline or the end of another batch makes due, of tenants which are locked; returns how many batches and runs.';

create or replace function private.pause_stage(p_stage text, p_reason text default '', p_now boolean default false)
returns jsonb
language plpgsql
-- definer: for operators, whose role may not write these rows.
security definer
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

create or replace function private.resume_stage(p_stage text)
returns jsonb
language plpgsql
-- definer: for operators, whose role may not write these rows.
security definer
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

create or replace function private.list_stage_queues()
returns table (stage text, paused_at timestamptz, paused_by text, reason text, waiting_count bigint, queued_count bigint, running_count bigint)
language plpgsql
stable
-- definer: for operators, whose role may not read these rows.
security definer
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

grant execute on function public.retry_batch(uuid, text) to authenticated;

grant execute on function private.pause_stage(text, text, boolean), private.resume_stage(text), private.list_stage_queues() to cliprow_api;
