-- Since when a waiting task is held back, and the order of the stages, stand in one function each.

create function private.stage_names()
returns text []
language sql
immutable
set search_path = ''
as $$
  select array_agg(w.stage order by w.place) from private.stage_weights() as w
$$;
comment on function private.stage_names() is 'The stages in order: immutable, so that a plan holds them as a constant.';

create function private.held_since(p_paused_at timestamptz, p_blocked_at timestamptz, p_pause_after text, p_stage text)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
begin
  return coalesce(p_paused_at, p_blocked_at, case when p_pause_after is not null and private.is_after(p_stage, p_pause_after) then now() end);
end
$$;
comment on function private.held_since(timestamptz, timestamptz, text, text) is
  'Since when a waiting task of a stage is held back: its job is paused, waits for others, or will pause before that stage; null when it may run.';

create or replace function private.is_after(p_stage text, p_other text)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
begin
  return array_position(private.stage_names(), p_stage) > array_position(private.stage_names(), p_other);
end
$$;

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
      select private.held_since(j.paused_at, j.blocked_at, j.pause_after, new.stage)
      from public.generation_jobs as j where j.id = new.job_id);
  else
    new.run_at := null;
    new.held_at := null;
    new.awaits_key := null;
  end if;
  return new;
end
$$;

create or replace function private.hold_tasks()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  update public.stage_tasks as t
  set held_at = private.held_since(new.paused_at, new.blocked_at, new.pause_after, t.stage)
  where t.job_id = new.id and t.status = 'pending';
  return null;
end
$$;

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
    case when k.status = 'pending' then private.held_since((m.job).paused_at, (m.job).blocked_at, (m.job).pause_after, k.stage) end,
    (m.job).generation
  from task as k
  join made as m on m.n = k.n;
end
$$;

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
  set held_at = private.held_since(j.paused_at, j.blocked_at, j.pause_after, t.stage)
  from public.generation_jobs as j
  where j.id = any(p_job_ids) and t.job_id = j.id and t.status = 'pending' and t.held_at is distinct from j.paused_at;
end
$$;
