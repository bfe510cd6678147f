-- Retry: what failed or was cancelled runs again, or everything from a stage on. What was finished before that stays.

create function private.start_generation(p_job_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.generation_jobs as j
  set status = case when j.completed_at is null then j.status else 'pending' end, generation = j.generation + 1, progress = 0,
    current_step = 0, completed_at = null, error_code = null, error_message = null, next_step = null, result_data = null,
    -- Whoever wants it to run again does not want it held back; one in review waits on, unless it is to be shown anew.
    paused_at = case when j.completed_at is null then j.paused_at end, paused_by = case when j.completed_at is null then j.paused_by end,
    paused_after = case when j.completed_at is null then j.paused_after end, blocked_at = null, blocked_reason = null
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
comment on function private.start_generation(uuid []) is 'Begins the next generation of jobs that have ended or are in review.';

create function private.forget_content(p_job_ids uuid [], p_task_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_ids uuid [] := array(
    select c.id
    from public.generation_jobs as j
    join public.generated_content as c on c.tenant_id = j.tenant_id and c.job_id = j.id
    where j.id = any(p_job_ids) and c.task_id = any(p_task_ids)
    -- Whoever just records figures of it is waited for, so that they are seen below.
    for update of c
  );
begin
  -- What was published keeps its figures, though no job knows it any more.
  update public.generated_content as c
  set job_id = null, task_id = null, scene_id = null
  where c.id = any(v_ids) and exists (
    select from public.performance_metrics as m where m.tenant_id = c.tenant_id and m.content_id = c.id
  );
  delete from public.generated_content as c where c.id = any(v_ids) and c.job_id is not null;
end
$$;
comment on function private.forget_content(uuid [], uuid []) is
  'Takes away what tasks of jobs made, because it is made anew or not wanted any more. The files stay as artifacts; content that has figures '
  'stays in its project without the job.';

create function private.retry(p_job_ids uuid [], p_stage text, p_changed_stage text default null)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_redone_place int := (select w.place from private.stage_weights() as w where w.stage = p_stage);
  v_place int := least(v_redone_place, (select w.place from private.stage_weights() as w where w.stage = p_changed_stage));
  v_count int;
begin
  perform private.start_generation(p_job_ids);
  perform private.forget_content(p_job_ids, array(
    select t.id from public.stage_tasks as t
    join private.stage_weights() as w on w.stage = t.stage
    where t.job_id = any(p_job_ids) and w.place >= v_place
  ));
  if v_place = 1 then
    -- Another script may have other scenes: their tasks are made when it is there.
    delete from public.stage_tasks as t where t.job_id = any(p_job_ids) and t.stage <> 'script_generation';
  end if;
  update public.stage_tasks as t
  set
    status = case when w.place > v_place or exists (
        select from public.stage_tasks as n where n.job_id = t.job_id and n.id = any(t.needs) and n.status <> 'completed'
      ) then 'blocked' else 'pending' end,
    -- What follows is computed again where its inputs are others than before, and found again where they are the same.
    redone_in = case when w.place = v_redone_place and t.status = 'completed' then j.generation else t.redone_in end,
    generation = j.generation, failure_count = 0, lost_count = 0, completed_at = null, progress = 0,
    content_key = null, is_reused = false, error_code = null, error_message = null, next_step = null
  from public.generation_jobs as j, private.stage_weights() as w
  where t.job_id = any(p_job_ids) and j.id = t.job_id and w.stage = t.stage
    and (t.status in ('failed', 'cancelled') or (t.status = 'completed' and w.place >= v_place) or (t.status = 'pending' and w.place > v_place));
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function private.retry(uuid [], text, text) is
  'Runs jobs that have ended, or are in review, again: what failed or was cancelled; with a stage also what that stage and those after it had completed, that stage '
  'for another result; with a changed stage all from there on, so that it is computed where its inputs are others now. Returns how many tasks. '
  'Their tenant is locked.';

create function public.retry_job(job_id uuid, stage text default null, changes jsonb default null)
returns jsonb
language plpgsql
-- definer: users may not write jobs and tasks; it asserts the right to control the project itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_job public.generation_jobs := private.job_to_control(retry_job.job_id);
  v_is_in_review boolean := private.is_in_review(v_job);
  v_changed_stage text;
  v_count int;
begin
  if retry_job.stage is not null then
    perform private.check_stage(retry_job.stage);
  end if;
  if v_job.status in ('pending', 'processing') and not v_is_in_review then
    raise exception 'The job is %; only one that has ended, or paused by itself to be looked at, can run again.', v_job.status
      using errcode = 'CR004', hint = 'Wait until it has ended, or cancel it first.';
  elsif coalesce(retry_job.changes, '{}') <> '{}' then
    v_changed_stage := private.change_job(v_job, retry_job.changes, retry_job.stage);
  elsif retry_job.stage is null and not exists (
    select from public.stage_tasks as t where t.job_id = v_job.id and t.status in ('failed', 'cancelled')
  ) then
    raise exception 'The job is %; nothing of it failed.', v_job.status
      using errcode = 'CR004', hint = 'Name the stage from which it is to be done again, or what is to be other than before.';
  end if;
  v_count := private.retry(array[retry_job.job_id], retry_job.stage, v_changed_stage);
  perform private.unlock_dependents(array[retry_job.job_id]);
  perform private.repeat_reviews(array[retry_job.job_id]);
  if v_is_in_review then
    -- Where nothing of it is done again, no task has said how far it is.
    perform private.roll_up_jobs(array[retry_job.job_id]);
  end if;
  perform private.release();
  return jsonb_build_object('job_id', retry_job.job_id, 'retried_tasks', v_count, 'generation', v_job.generation + 1);
end
$$;
comment on function public.retry_job(uuid, text, jsonb) is
  'Runs again what failed or was cancelled in a job; what was finished stays. With a stage (also of a completed job), that stage is computed '
  'anew, and what follows from it. With changes {voice?, tone?, language?, audience?, brief?, script_type?, duration_s?, images?, platforms?, '
  'scenes?: {"2": {voiceover_text?, visual_description?, heading?, points?}}} exactly what depends on them is computed, and the rest found again. '
  'So can a job be changed that paused by itself to be looked at: it waits on, or where something up to that stage is done again, pauses there once '
  'more. Starts the next generation. Returns {job_id, retried_tasks, generation}. Raises CR001, CR002, CR003 or CR004.';

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

create function private.retry_some(p_batch public.batches, p_status text)
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

create function public.retry_batch(batch_id uuid, status text default null)
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

grant execute on function public.retry_job(uuid, text, jsonb), public.retry_batch(uuid, text) to authenticated;
