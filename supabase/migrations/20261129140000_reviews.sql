-- Videos that pause by themselves after a stage, to be looked at, changed or done again before they go on.

alter table public.generation_jobs
add column pause_after text
check (pause_after in ('script_generation', 'audio_generation', 'video_generation', 'platform_adaptation')),
add column paused_after text
check (paused_after in ('script_generation', 'audio_generation', 'video_generation', 'platform_adaptation')),
add constraint generation_jobs_paused_after_needs_paused_at check (paused_after is null or paused_at is not null);

comment on column public.generation_jobs.pause_after is
  'The stage after which it will pause by itself, to be looked at; null for none, and once it has.';
comment on column public.generation_jobs.paused_after is
  'The stage after which it has paused by itself and waits to be looked at; null again once it goes on.';
create index generation_jobs_paused_after on public.generation_jobs (tenant_id, batch_id, id) where paused_after is not null;

comment on column public.stage_tasks.held_at is 'Pending, but held back because its job is paused, will pause before this stage, or waits for other jobs.';

create function private.is_after(p_stage text, p_other text)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_order constant text [] := '{script_generation,audio_generation,video_generation,platform_adaptation,post_processing}';
begin
  return array_position(v_order, p_stage) > array_position(v_order, p_other);
end
$$;
comment on function private.is_after(text, text) is 'Whether a stage comes after another.';

create function private.begin_reviews(p_job_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.generation_jobs as j
  -- Whoever has paused it meanwhile stays named.
  set paused_at = coalesce(j.paused_at, now()), paused_after = j.pause_after, pause_after = null
  where j.id = any(p_job_ids) and j.pause_after is not null and j.completed_at is null
    and exists (
      select from public.stage_tasks as t
      where t.job_id = j.id and t.status = 'pending' and private.is_after(t.stage, j.pause_after)
    )
    -- What is blocked here waits for what failed: it would otherwise be the turn of what it needs.
    and not exists (
      select from public.stage_tasks as t
      where t.job_id = j.id and t.status in ('pending', 'queued', 'processing') and not private.is_after(t.stage, j.pause_after)
    );
end
$$;
comment on function private.begin_reviews(uuid []) is
  'Pauses those jobs of which nothing can run any more up to the stage after which they are to pause, and something could after it. Their tenants '
  'are locked.';

create function private.is_in_review(p_job public.generation_jobs)
returns boolean
language sql
immutable
set search_path = ''
return p_job.paused_after is not null and p_job.completed_at is null;
comment on function private.is_in_review(public.generation_jobs) is
  'Whether a job waits to be looked at. Nothing of it runs, so it can be changed and done again as if it had ended.';

create function private.repeat_reviews(p_job_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.generation_jobs as j
  set pause_after = j.paused_after, paused_after = null, paused_at = null, paused_by = null
  where j.id = any(p_job_ids) and j.paused_after is not null and j.completed_at is null and exists (
    select from public.stage_tasks as t
    where t.job_id = j.id and t.status = 'pending' and not private.is_after(t.stage, j.paused_after)
  );
end
$$;
comment on function private.repeat_reviews(uuid []) is
  'Lets those jobs in review go on of which something is done again up to the stage after which they paused: they pause there once more. Their '
  'tenants are locked.';

create or replace function private.legal_moves()
returns table (entity text, from_status text, to_status text, reason text)
language sql
immutable
set search_path = ''
as $$
  values
  ('task', 'blocked', 'pending', 'everything it needs is completed'),
  ('task', 'blocked', 'cancelled', 'withdrawn'),
  ('task', 'pending', 'queued', 'released'),
  ('task', 'pending', 'cancelled', 'withdrawn'),
  ('task', 'pending', 'blocked', 'what it needs is done again'),
  ('task', 'queued', 'processing', 'claimed by a worker'),
  ('task', 'queued', 'completed', 'an equal artifact was there'),
  ('task', 'queued', 'pending', 'handed back, paused, or waiting for an equal artifact'),
  ('task', 'queued', 'cancelled', 'withdrawn'),
  ('task', 'processing', 'completed', 'result stored'),
  ('task', 'processing', 'failed', 'failed for good'),
  ('task', 'processing', 'pending', 'to be tried again'),
  ('task', 'processing', 'cancelled', 'withdrawn'),
  ('task', 'failed', 'pending', 'retried'),
  ('task', 'failed', 'blocked', 'retried together with what it needs'),
  ('task', 'cancelled', 'pending', 'retried'),
  ('task', 'cancelled', 'blocked', 'retried together with what it needs'),
  ('task', 'completed', 'pending', 'to be done again'),
  ('task', 'completed', 'blocked', 'what it needs is done again'),
  ('job', 'pending', 'processing', 'its first task started'),
  ('job', 'pending', 'cancelled', 'withdrawn'),
  ('job', 'processing', 'completed', 'every platform has its package'),
  ('job', 'processing', 'failed', 'a platform has none, and nothing more can run'),
  ('job', 'processing', 'cancelled', 'withdrawn'),
  ('job', 'failed', 'pending', 'retried'),
  ('job', 'cancelled', 'pending', 'retried'),
  ('job', 'completed', 'pending', 'done again from a stage on'),
  ('batch', 'pending', 'processing', 'its first job started'),
  ('batch', 'pending', 'cancelled', 'withdrawn'),
  ('batch', 'processing', 'completed', 'all jobs completed'),
  ('batch', 'processing', 'partial', 'ended with some jobs failed'),
  ('batch', 'processing', 'failed', 'ended with all jobs failed'),
  ('batch', 'processing', 'cancelled', 'withdrawn'),
  ('batch', 'completed', 'processing', 'a job was retried'),
  ('batch', 'partial', 'processing', 'a job was retried'),
  ('batch', 'failed', 'processing', 'a job was retried'),
  ('batch', 'cancelled', 'processing', 'a job was retried')
$$;
comment on function private.legal_moves() is 'Every legal change of status of a batch, a job and a task, and what it means.';

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
    new.held_at := (
      select coalesce(j.paused_at, j.blocked_at, case when j.pause_after is not null and private.is_after(new.stage, j.pause_after) then now() end)
      from public.generation_jobs as j where j.id = new.job_id);
  else
    new.run_at := null;
    new.held_at := null;
    new.awaits_key := null;
  end if;
  return new;
end
$$;
comment on function private.tidy_task() is
  'After a move: forgets what belonged to the state that was left, and holds back a waiting task whose job is paused, will pause before its '
  'stage, or waits for others.';

create or replace function private.hold_tasks()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  update public.stage_tasks as t
  set held_at = coalesce(new.paused_at, new.blocked_at,
    case when new.pause_after is not null and private.is_after(t.stage, new.pause_after) then now() end)
  where t.job_id = new.id and t.status = 'pending';
  return null;
end
$$;
comment on function private.hold_tasks() is
  'Holds back what waits of a job that is paused, and lets go when the job is resumed what comes before its next pause. '
  'Whoever pauses locks the tenant first.';

create or replace function private.roll_up_jobs(p_job_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_will_pause uuid [];
begin
  with n as materialized (
    select
      s.job_id, s.is_started, s.steps_done, s.stage, s.error_code, s.error_message, s.next_step, o.pause_after,
      d.status in ('completed', 'failed', 'cancelled') as is_ended,
      -- A started job whose tasks all wait again is still a started job.
      case when o.status = 'processing' and d.status = 'pending' then 'processing' else d.status end as status,
      case when d.status = 'completed' then 100 else greatest(o.progress, least(s.progress, 99)) end as progress
    from private.job_states(p_job_ids) as s
    join public.generation_jobs as o on o.id = s.job_id
    cross join lateral (
      select
        case
          when s.open_count = 0 then 'completed'
          when s.active_count = 0 and s.cancelled_count > 0 then 'cancelled'
          when s.active_count = 0 and s.failed_count > 0 then 'failed'
          when s.is_started then 'processing'
          else 'pending'
        end as status
    ) as d
  ), rolled as (
    update public.generation_jobs as j
    set
      status = n.status,
      progress = n.progress,
      stage = n.stage,
      current_step = n.steps_done,
      started_at = coalesce(j.started_at, case when n.is_started then now() end),
      completed_at = case when n.is_ended then coalesce(j.completed_at, now()) end,
      error_code = case when n.status = 'failed' then n.error_code end,
      error_message = case when n.status = 'failed' then n.error_message end,
      next_step = case when n.status = 'failed' then n.next_step end,
      result_data = case when n.is_ended then private.job_result(j.id) else j.result_data end
    from n
    where j.id = n.job_id
      and (j.status, j.progress, j.stage, j.current_step, j.error_code)
      is distinct from (n.status, n.progress, n.stage, n.steps_done, case when n.status = 'failed' then n.error_code end)
  )
  select array_agg(n.job_id) into v_will_pause from n where n.pause_after is not null;
  if v_will_pause is not null then
    perform private.begin_reviews(v_will_pause);
  end if;
end
$$;
comment on function private.roll_up_jobs(uuid []) is
  'Sets status, progress and error of jobs from their tasks, and pauses those that are to be looked at now. Progress never goes back within a '
  'generation.';

create or replace function private.expand_jobs(p_made private.made_script [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  with made as materialized (
    select m.n, m.job, m.task_id, m.script from unnest(p_made) with ordinality as m (job, task_id, script, n)
  ), scene as (
    select m.n, m.task_id, (s ->> 'scene_number')::int as number
    from made as m
    cross join jsonb_array_elements(m.script -> 'scenes') as s
  ), target as materialized (
    select m.n, p.platform, p.aspect, p.width, p.height
    from made as m
    join public.platforms as p on p.platform = any((m.job).platforms)
  ), audio as materialized (
    select private.uuid_v7() as id, scene.n, scene.number, scene.task_id from scene
  ), video as materialized (
    select private.uuid_v7() as id, audio.n, audio.number, r.aspect, r.width, r.height, audio.id as audio_id
    from audio
    join (select distinct target.n, target.aspect, target.width, target.height from target) as r on r.n = audio.n
  ), segment as (
    select video.n, video.width, video.height, array_agg(video.id order by video.number) as ids
    from video group by video.n, video.width, video.height
  ), package as materialized (
    select private.uuid_v7() as id, target.n, target.platform, target.aspect, target.width, target.height, segment.ids as needs
    from target
    join segment on segment.n = target.n and segment.width = target.width and segment.height = target.height
  ), task (n, id, stage, scene_number, aspect, width, height, platform, place, needs, status) as (
    -- The script that the first of them need is about to be completed.
    select n, id, 'audio_generation', number, null::text, null::int, null::int, null::text, 1000 + number, array[task_id], 'pending'
    from audio
    union all
    select n, id, 'video_generation', number, aspect, width, height, null, 2000 + number, array[audio_id], 'blocked' from video
    union all
    select n, id, 'platform_adaptation', null, aspect, width, height, platform, 3000, needs, 'blocked' from package
    union all
    select n, private.uuid_v7(), 'post_processing', null, aspect, width, height, platform, 4000, array[id], 'blocked' from package
  )
  insert into public.stage_tasks (
    job_id, id, tenant_id, project_id, batch_id, stage, scene_number, aspect, width, height, platform, position, lane,
    needs, status, held_at, generation
  )
  select (m.job).id, k.id, (m.job).tenant_id, (m.job).project_id, (m.job).batch_id, k.stage, k.scene_number, k.aspect, k.width, k.height,
    k.platform, k.place, (m.job).lane, k.needs, k.status,
    case when k.status = 'pending' then coalesce((m.job).paused_at, (m.job).blocked_at,
      case when (m.job).pause_after is not null and private.is_after(k.stage, (m.job).pause_after) then now() end) end,
    (m.job).generation
  from task as k
  join made as m on m.n = k.n;
end
$$;
comment on function private.expand_jobs(private.made_script []) is
  'Adds the tasks that follow from scripts: sound per scene, picture per scene and raster, package per platform.';

create or replace function private.option_problems(p_options jsonb)
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select jsonb_agg(private.as_problem(null, o.key, p.reason) order by o.key)
  from jsonb_each(p_options) as o
  cross join lateral (
    select case o.key
      when 'title' then case when jsonb_typeof(o.value) <> 'string' or length(p_options ->> 'title') > 200
        then 'is not text of up to 200 characters' end
      when 'max_concurrent_tasks' then case when o.value::text !~ '^([1-9][0-9]{0,5}|null)$' then 'is not a whole number from 1 to 999,999' end
      when 'budget' then case jsonb_typeof(o.value) when 'null' then null when 'number' then
        case when (o.value)::numeric not between 0 and 999999999 then 'is not from 0 to 999,999,999' end
        else 'is not an amount' end
      when 'is_filling' then case when jsonb_typeof(o.value) not in ('boolean', 'null') then 'is neither true nor false' end
      when 'job_type' then case when p_options ->> 'job_type' not in ('single', 'batch') then 'is neither single nor batch' end
      when 'pause_after' then case
        when p_options ->> 'pause_after' = 'post_processing' then 'names the last stage, after which there is nothing to hold back'
        when p_options ->> 'pause_after' not in ('script_generation', 'audio_generation', 'video_generation', 'platform_adaptation')
          then 'is not one of script_generation, audio_generation, video_generation, platform_adaptation' end
    end as reason
  ) as p
  where p.reason is not null
$$;
comment on function private.option_problems(jsonb) is 'Everything wrong with the options of a batch; null when nothing is. Options of other names are kept as they are.';

create or replace function private.insert_jobs(p_batch public.batches, p_topics jsonb, p_job_type text, p_after int)
returns void
language sql
set search_path = ''
as $$
  with brand as materialized (
    select private.brand_of(p_batch.tenant_id, p_batch.project_id) as kept
  ), job as (
    insert into public.generation_jobs (
      id, tenant_id, project_id, batch_id, position, job_type, lane, topic, platforms, params, stage, pause_after
    )
    select private.uuid_v7(), p_batch.tenant_id, p_batch.project_id, p_batch.id, p_after + t.ordinality, p_job_type,
      coalesce(t.value ->> 'priority', 'standard'), btrim(t.value ->> 'topic'),
      array(select distinct p from jsonb_array_elements_text(t.value -> 'platforms') as p order by p),
      jsonb_strip_nulls((t.value - array['topic', 'platforms', 'priority']) || case when t.value ? 'library_items'
        then jsonb_build_object('scenes', private.library_scenes(t.value -> 'library_items')) else '{}' end
        || jsonb_build_object('brand', brand.kept)), 'script_generation', p_batch.options ->> 'pause_after'
    from jsonb_array_elements(p_topics) with ordinality as t
    cross join brand
    returning id, lane
  )
  insert into public.stage_tasks (job_id, tenant_id, project_id, batch_id, stage, position, lane)
  select job.id, p_batch.tenant_id, p_batch.project_id, p_batch.id, 'script_generation', 0, job.lane from job
$$;
comment on function private.insert_jobs(public.batches, jsonb, text, int) is
  'One job and its first task for each topic, in order, after so many others of the batch.';

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
    'result_data', p_job.result_data, 'paused_at', p_job.paused_at, 'pause_after', p_job.pause_after,
    'paused_after', p_job.paused_after, 'created_at', p_job.created_at,
    'started_at', p_job.started_at, 'completed_at', p_job.completed_at,
    'blocked_at', p_job.blocked_at, 'blocked_reason', p_job.blocked_reason, 'deadline', p_job.deadline, 'is_late', p_job.is_late,
    'timestamp', p_job.updated_at, 'version', p_job.version);
end
$$;
comment on function private.live_job(public.generation_jobs) is
  'A job as followers are told of it: the progress event of the architecture''s appendix D, and the rest of what lists show.';

create or replace function private.set_job_paused(p_job_id uuid, p_is_paused boolean, p_now boolean)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_job public.generation_jobs := private.job_to_control(p_job_id);
begin
  if p_is_paused then
    perform private.check_not_ended('job', v_job.status, 'pause');
  end if;
  -- The trigger hold_tasks holds its waiting tasks back, or lets them go.
  update public.generation_jobs
  set paused_at = case when p_is_paused then now() end, paused_by = case when p_is_paused then private.user_id() end, paused_after = null
  where id = p_job_id and (paused_at is not null) <> p_is_paused;
  if p_is_paused then
    perform private.take_back(private.active_tasks(v_job.tenant_id, 'job', p_job_id, p_now));
  end if;
  perform private.release();
  return private.told_job(p_job_id);
end
$$;
comment on function private.set_job_paused(uuid, boolean, boolean) is
  'Pauses or resumes a job; saying it twice does no harm. With p_now, what runs of it is handed back.';

create or replace function private.start_generation(p_job_ids uuid [])
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

create or replace function private.retry(p_job_ids uuid [], p_stage text, p_changed_stage text default null)
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
  if v_is_in_review then
    perform private.repeat_reviews(array[retry_job.job_id]);
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

create or replace function private.retry_tasks(p_job_ids uuid [], p_task_ids uuid [])
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_count int;
begin
  -- A job that goes on beside what failed stays in its generation.
  perform private.start_generation(array(
    select j.id from public.generation_jobs as j where j.id = any(p_job_ids) and j.status not in ('pending', 'processing')
  ));
  update public.stage_tasks as t
  set status = 'pending', generation = j.generation, failure_count = 0, lost_count = 0, completed_at = null, progress = 0,
    content_key = null, is_reused = false, error_code = null, error_message = null, next_step = null
  from public.generation_jobs as j
  where t.job_id = any(p_job_ids) and t.id = any(p_task_ids) and j.id = t.job_id and t.status = 'failed';
  get diagnostics v_count = row_count;
  perform private.repeat_reviews(p_job_ids);
  perform private.audit_tasks('replay', p_job_ids, p_task_ids);
  return v_count;
end
$$;
comment on function private.retry_tasks(uuid [], uuid []) is
  'Runs dead letters again, of jobs that have ended or not; returns how many. Their tenant is locked.';

create or replace function private.redo_task(p_task public.stage_tasks)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_task_ids uuid [] := array(
    with recursive follower as (
      select p_task.id
      union
      select t.id from public.stage_tasks as t join follower as f on f.id = any(t.needs) where t.job_id = p_task.job_id
    )
    select f.id from follower as f
  );
  v_count int;
begin
  perform private.start_generation(array[p_task.job_id]);
  perform private.forget_content(array[p_task.job_id], v_task_ids);
  update public.stage_tasks as t
  set
    status = case when t.id = p_task.id then 'pending' else 'blocked' end,
    redone_in = case when t.id = p_task.id then j.generation else t.redone_in end,
    generation = j.generation, failure_count = 0, lost_count = 0, completed_at = null, progress = 0,
    content_key = null, is_reused = false, error_code = null, error_message = null, next_step = null
  from public.generation_jobs as j
  where t.job_id = p_task.job_id and t.id = any(v_task_ids) and j.id = t.job_id and t.status in ('completed', 'failed', 'pending');
  get diagnostics v_count = row_count;
  perform private.repeat_reviews(array[p_task.job_id]);
  return v_count;
end
$$;
comment on function private.redo_task(public.stage_tasks) is
  'Computes a completed task of a job that has ended, or is in review, anew, and what follows from it where its inputs became others. Returns how many tasks.';

create or replace function public.retry_task(job_id uuid, task_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write jobs and tasks; it asserts the right to control the project itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_job public.generation_jobs := private.job_to_control(retry_task.job_id);
  v_task public.stage_tasks;
  v_count int;
begin
  select t.* into v_task from public.stage_tasks as t where t.job_id = v_job.id and t.id = retry_task.task_id for update;
  if not found then
    raise exception 'The job has no task %.', retry_task.task_id using errcode = 'CR002', hint = 'Look at the job, and use the id of one of its tasks.';
  elsif v_job.status = 'cancelled' then
    raise exception 'The job was withdrawn as a whole.' using errcode = 'CR004', hint = 'Retry the job.';
  elsif v_task.status = 'failed' then
    v_count := private.retry_tasks(array[v_job.id], array[v_task.id]);
  elsif v_task.status <> 'completed' then
    raise exception 'The task is %; only one that has ended can run again.', v_task.status
      using errcode = 'CR004', hint = 'Wait until it has ended.';
  elsif v_job.status = 'processing' and not private.is_in_review(v_job) then
    raise exception 'The task is completed, and the job goes on with its result.'
      using errcode = 'CR004', hint = 'Wait until the job has ended, or cancel it first.';
  elsif v_task.stage = 'script_generation' then
    v_count := private.retry(array[v_job.id], v_task.stage);
    perform private.repeat_reviews(array[v_job.id]);
  else
    v_count := private.redo_task(v_task);
  end if;
  perform private.release();
  return (
    select jsonb_build_object('job_id', j.id, 'retried_tasks', v_count, 'generation', j.generation)
    from public.generation_jobs as j where j.id = v_job.id);
end
$$;
comment on function public.retry_task(uuid, uuid) is
  'Runs one task again: a failed one, also while its job goes on; or a completed one of a job that has ended or waits to be looked at, which is then computed anew together '
  'with what follows from it. Returns {job_id, retried_tasks, generation}. Raises CR002, CR003 or CR004.';

create or replace function private.act_on_some(p_job_ids uuid [], p_action text, p_stage text, p_lane text, p_now boolean)
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

create or replace function private.audit_jobs()
returns trigger
language plpgsql
-- definer: whoever changes a row may not write the audit.
security definer
set search_path = ''
as $$
declare
  v_columns constant text [] := '{status,generation,paused_at,paused_by,paused_after,lane,topic,platforms,params,deadline}';
begin
  perform private.ready_audit();
  insert into public.audit_events (tenant_id, user_id, role, door, action, entity, entity_id, before, after)
  select c.tenant_id, private.user_id(), private.actor_role(c.tenant_id), private.door(), c.action,
    'generation_jobs', case when c.count <= 20 then c.id::text end,
    case when c.count <= 20 then private.columns_shown(c.old_row, c.columns) else '{}' end,
    case when c.count <= 20 then private.columns_shown(c.new_row, c.columns) else '{}' end
      || jsonb_build_object('batch_id', c.batch_id) || case when c.count > 20 then jsonb_build_object('jobs', c.count) else '{}' end
  from (
    select n.tenant_id, n.batch_id, n.id, m.action, d.columns, o.row as old_row, w.row as new_row,
      count(*) over (partition by n.batch_id, m.action) as count, row_number() over (partition by n.batch_id, m.action) as place
    from new_rows as n
    join old_rows as b on b.id = n.id
    cross join lateral (select to_jsonb(b) as row) as o
    cross join lateral (select to_jsonb(n) as row) as w
    cross join lateral (
      select array(select k from unnest(v_columns) as k where o.row -> k is distinct from w.row -> k) as columns) as d
    cross join lateral (select private.meaning_of('update', 'generation_jobs', o.row, w.row, d.columns) as action) as m
    where (n.status = 'cancelled' and b.status <> 'cancelled') or n.generation <> b.generation
      or (n.paused_at, n.lane, n.topic, n.platforms, n.params, n.deadline)
      is distinct from (b.paused_at, b.lane, b.topic, b.platforms, b.params, b.deadline)
  ) as c
  where c.count <= 20 or c.place = 1;
  return null;
end
$$;
comment on function private.audit_jobs() is
  'Writes down that jobs were paused, resumed, cancelled, retried or changed: each of up to 20 of a batch, of more one entry with their number.';

create or replace function private.free_jobs(p_job_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.generation_jobs as j
  set blocked_at = null, blocked_reason = null
  where j.id = any(p_job_ids) and j.blocked_at is not null;
  update public.stage_tasks as t
  set held_at = coalesce(j.paused_at, case when j.pause_after is not null and private.is_after(t.stage, j.pause_after) then now() end)
  from public.generation_jobs as j
  where j.id = any(p_job_ids) and t.job_id = j.id and t.status = 'pending' and t.held_at is distinct from j.paused_at;
end
$$;
comment on function private.free_jobs(uuid []) is 'Lets jobs that waited for others begin; those that are paused stay so, and those that will pause are held before that stage. Their tenant is locked.';

comment on function public.create_batch(uuid, jsonb, jsonb, text) is
  'Creates a batch: one job per topic object {topic, platforms, brief?, audience?, tone?, script_type?, language?, duration_s?, priority?, '
  'voice?, images?, library_items?, reuse?, metadata?, after_rows?, after_condition?, after_failure?, deadline?, on_deadline?}, in one transaction. Options: title, max_concurrent_tasks, budget (the most it may cost in all, as set_budget), pause_after (the stage after which each job pauses by itself, to be looked at), job_type, is_filling (more topics follow by append_topics), starts_at, after, after_condition, after_failure, deadline, on_deadline, reuse. The same idempotency key and request again return '
  'the same batch. Raises CR001 with every problem in the detail, CR002, CR003 or CR004.';

comment on function private.change_job(public.generation_jobs, jsonb, text) is
  'Gives a job that has ended, or is in review, other inputs; returns the first stage that may depend on them. Raises CR001 with every problem in the detail.';
