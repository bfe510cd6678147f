-- The task graph of a job, and the inputs of each of its tasks.
--
--   script_generation ─> audio_generation[scene] ─> video_generation[scene, raster]
--                           └─> platform_adaptation[platform] ─> post_processing[platform]

create type private.made_script as (job public.generation_jobs, task_id uuid, script jsonb);
comment on type private.made_script is 'A finished script, its job, and the task that made it.';

create function private.store_scripts(p_made private.made_script [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  with stored as (
    insert into public.scripts (tenant_id, project_id, job_id, content, word_count, total_duration, script_type, language)
    select (m.job).tenant_id, (m.job).project_id, (m.job).id, m.script,
      (select coalesce(sum(array_length(regexp_split_to_array(btrim(s ->> 'voiceover_text'), '\s+'), 1)), 0)
       from jsonb_array_elements(m.script -> 'scenes') as s),
      coalesce(((m.job).params ->> 'duration_s')::int, 0),
      coalesce((m.job).params ->> 'script_type', 'explainer'), coalesce(m.script ->> 'language', 'en')
    from unnest(p_made) as m
    returning id, tenant_id, total_duration, content, language
  )
  insert into public.scenes (
    tenant_id, script_id, scene_number, duration, voiceover_text, visual_description, heading, points, scene_type, language
  )
  select k.tenant_id, k.id, (s ->> 'scene_number')::int,
    greatest(1, k.total_duration / jsonb_array_length(k.content -> 'scenes')), s ->> 'voiceover_text',
    s ->> 'visual_description', coalesce(s ->> 'heading', ''), coalesce(s -> 'points', '[]'), s ->> 'scene_type', k.language
  from stored as k
  cross join jsonb_array_elements(k.content -> 'scenes') as s;
end
$$;
comment on function private.store_scripts(private.made_script []) is 'Keeps finished scripts and their scenes.';

create function private.store_script(p_job public.generation_jobs, p_script jsonb)
returns void
language sql
set search_path = ''
as $$
  select private.store_scripts(array[row(p_job, null, p_script)::private.made_script])
$$;
comment on function private.store_script(public.generation_jobs, jsonb) is 'Keeps a finished script and its scenes.';

create function private.expand_jobs(p_made private.made_script [])
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
comment on function private.expand_jobs(private.made_script []) is
  'Adds the tasks that follow from scripts: sound per scene, picture per scene and raster, package per platform.';

create function private.script_of(p_job_id uuid, p_tenant_id uuid)
returns public.scripts
language sql
stable
set search_path = ''
as $$
  select s.* from public.scripts as s
  where s.tenant_id = p_tenant_id and s.job_id = p_job_id
  order by s.created_at desc, s.id desc
  limit 1
$$;
comment on function private.script_of(uuid, uuid) is 'The script a job works from: its newest.';

create function private.scene_media(p_task public.stage_tasks)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_agg(jsonb_build_object(
      'scene_number', v.scene_number, 'heading', s.heading,
      'segment', va.files -> 0, 'narration', aa.files -> 0,
      'sample_count', aa.facts -> 'sample_count', 'words', aa.facts -> 'words') order by v.scene_number)
    from public.stage_tasks as v
    join public.stage_tasks as a
      on a.job_id = v.job_id and a.stage = 'audio_generation' and a.scene_number = v.scene_number
    join public.artifacts as va on va.tenant_id = v.tenant_id and va.content_key = v.content_key
    join public.artifacts as aa on aa.tenant_id = a.tenant_id and aa.content_key = a.content_key
    cross join lateral private.script_of(p_task.job_id, p_task.tenant_id) as script
    join public.scenes as s on s.script_id = script.id and s.scene_number = v.scene_number
    where v.job_id = p_task.job_id and v.stage = 'video_generation'
      and v.width = p_task.width and v.height = p_task.height
  );
end
$$;
comment on function private.scene_media(public.stage_tasks) is 'Segment, narration and words of every scene at the raster of a platform''s task.';

create function private.scene_inputs(p_task public.stage_tasks, p_job public.generation_jobs, p_script public.scripts)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'scene', jsonb_build_object(
        'scene_number', s.scene_number, 'scene_type', s.scene_type, 'voiceover_text', s.voiceover_text,
        'visual_description', s.visual_description, 'heading', s.heading, 'points', s.points),
      'scene_count', (select count(*) from public.scenes as n where n.script_id = p_script.id),
      'aspect', p_task.aspect, 'width', p_task.width, 'height', p_task.height, 'language', p_script.language,
      'tone', coalesce(p_job.params ->> 'tone', 'educational'), 'brand', p_job.params -> 'brand',
      'sample_count', aa.facts -> 'sample_count', 'words', aa.facts -> 'words',
      -- The user's pictures go to the scenes in turn, and begin again when there are fewer of them.
      'image', p_job.params -> 'images' -> ((s.scene_number - 1) % greatest(1, jsonb_array_length(p_job.params -> 'images'))))
    from public.scenes as s
    join public.stage_tasks as a
      on a.job_id = p_task.job_id and a.stage = 'audio_generation' and a.scene_number = p_task.scene_number
    join public.artifacts as aa on aa.tenant_id = a.tenant_id and aa.content_key = a.content_key
    where s.script_id = p_script.id and s.scene_number = p_task.scene_number
  );
end
$$;
comment on function private.scene_inputs(public.stage_tasks, public.generation_jobs, public.scripts) is 'Inputs of video_generation.';

create function private.package_inputs(p_task public.stage_tasks, p_job public.generation_jobs, p_script public.scripts)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'rules', (select to_jsonb(r) - array['is_offered', 'source', 'checked_on'] from public.platforms as r where r.platform = p_task.platform),
      'title', p_script.content ->> 'title', 'description', p_script.content ->> 'description',
      'key_points', coalesce(p_script.content -> 'key_points', '[]'), 'hashtags', coalesce(p_script.content -> 'hashtags', '[]'),
      'language', p_script.language, 'tone', coalesce(p_job.params ->> 'tone', 'educational'), 'brand', p_job.params -> 'brand',
      'video', a.files -> 0, 'duration_ms', a.facts -> 'duration_ms',
      'scenes', (
        select jsonb_agg(m order by (m ->> 'scene_number')::int)
        from jsonb_array_elements(private.scene_media(p_task)) as m
        where a.facts -> 'scenes_used' @> (m -> 'scene_number')
      ))
    from public.stage_tasks as t
    join public.artifacts as a on a.tenant_id = t.tenant_id and a.content_key = t.content_key
    where t.job_id = p_task.job_id and t.id = any(p_task.needs)
  );
end
$$;
comment on function private.package_inputs(public.stage_tasks, public.generation_jobs, public.scripts) is 'Inputs of post_processing.';

create function private.inputs_of_tasks(p_tasks public.stage_tasks [])
returns table (task_id uuid, inputs jsonb)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  with known as (
    select t as task, j as job, s.script
    from unnest(p_tasks) as t
    join public.generation_jobs as j on j.id = t.job_id
    left join lateral (
      select n as script from public.scripts as n
      where n.tenant_id = t.tenant_id and n.job_id = t.job_id order by n.created_at desc, n.id desc limit 1
    ) as s on t.stage <> 'script_generation'
  )
  select (k.task).id, jsonb_strip_nulls(case (k.task).stage
    when 'script_generation' then jsonb_build_object(
      'topic', (k.job).topic, 'brief', (k.job).params -> 'brief', 'audience', (k.job).params -> 'audience',
      'tone', (k.job).params -> 'tone', 'script_type', (k.job).params -> 'script_type',
      'language', (k.job).params -> 'language', 'duration_s', (k.job).params -> 'duration_s', 'scenes', (k.job).params -> 'scenes')
    when 'audio_generation' then (
      select jsonb_build_object('text', s.voiceover_text, 'language', (k.script).language, 'voice', (k.job).params -> 'voice')
      from public.scenes as s where s.script_id = (k.script).id and s.scene_number = (k.task).scene_number)
    when 'video_generation' then private.scene_inputs(k.task, k.job, k.script)
    when 'platform_adaptation' then jsonb_build_object(
      'rules', (
        select to_jsonb(r) - array['is_offered', 'source', 'checked_on'] from public.platforms as r
        where r.platform = (k.task).platform),
      'scenes', private.scene_media(k.task))
    when 'post_processing' then private.package_inputs(k.task, k.job, k.script)
  end)
  from known as k;
end
$$;
comment on function private.inputs_of_tasks(public.stage_tasks []) is
  'The canonical inputs of tasks, from the job, its script and the artifacts of what each needs. Equal inputs give an equal content key.';

create function private.task_inputs(p_task public.stage_tasks)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (select i.inputs from private.inputs_of_tasks(array[p_task]) as i);
end
$$;
comment on function private.task_inputs(public.stage_tasks) is 'The canonical inputs of a task.';
