-- A change of platforms that needs other pictures, in a job that has yet to pause after them: it does not pause before they are made.

create or replace function public.retry_job(job_id uuid, stage text default null, changes jsonb default null)
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
