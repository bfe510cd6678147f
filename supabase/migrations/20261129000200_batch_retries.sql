-- A retry of a batch also runs what was cancelled because something it needs failed.

create function private.cancelled_for_others(p_batch public.batches)
returns uuid []
language plpgsql
stable
set search_path = ''
as $$
begin
  return array(
    with recursive cancelled as materialized (
      select j.id, j.position from public.generation_jobs as j
      where j.tenant_id = p_batch.tenant_id and j.batch_id = p_batch.id and j.status = 'cancelled' and j.error_code = 'DEPENDENCY_FAILED'
    ), kept as (
      select d.job_id
      from cancelled as c
      join public.job_dependencies as d on d.job_id = c.id
      join public.generation_jobs as n on n.id = d.needs_job_id
      where n.status = 'cancelled' and n.error_code is distinct from 'DEPENDENCY_FAILED'
      union
      select d.job_id
      from kept as k
      join public.job_dependencies as d on d.needs_job_id = k.job_id
      join cancelled as c on c.id = d.job_id
    )
    select c.id from cancelled as c where c.id not in (select k.job_id from kept as k) order by c.position
  );
end
$$;
comment on function private.cancelled_for_others(public.batches) is
  'Jobs of a batch, in order, that were cancelled because a job they need failed, and that run again with it. Those that need something that was '
  'withdrawn stay cancelled.';

create or replace function private.retry_some(p_batch public.batches, p_status text)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_until timestamptz := clock_timestamp() + interval '3 seconds';
  v_job_ids uuid [];
  v_for_others uuid [];
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
  if p_status = 'failed' then
    -- After what they need, for which they then wait.
    v_for_others := private.cancelled_for_others(p_batch);
    for v_first in 1..cardinality(v_for_others) by 50 loop
      exit when clock_timestamp() > v_until;
      v_job_ids := v_for_others[v_first:v_first + 49];
      perform private.retry(v_job_ids, null);
      v_count := v_count + cardinality(v_job_ids);
    end loop;
  end if;
  return v_count;
end
$$;
comment on function private.retry_some(public.batches, text) is
  'Runs jobs of a batch again that were cancelled, or that failed and those that were cancelled for that, until three seconds have passed; returns how '
  'many. Its tenant is locked.';

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
  select case v_status when 'failed' then b.failed_count + cardinality(private.cancelled_for_others(b)) else b.cancelled_count end into v_remaining
  from public.batches as b where b.id = v_batch.id;
  return private.told_batch(v_batch.id, v_count) || jsonb_build_object('retried_status', v_status, 'remaining_jobs', v_remaining);
end
$$;
comment on function public.retry_batch(uuid, text) is
  'Runs again the jobs of a batch that failed, or were cancelled (status; else what failed, of a cancelled batch what was cancelled), as '
  'retry_job does, as many as fit into one call: repeat it, with retried_status as status, while remaining_jobs is not 0. With what failed runs what '
  'was cancelled because a job it needs failed; what somebody cancelled does not. Returns {batch_id, '
  'status, paused_at, version, changed_jobs, retried_status, remaining_jobs}. Raises CR001, CR002, CR003, or CR004 when there is none.';
