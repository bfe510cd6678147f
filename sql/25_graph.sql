-- The task graph of a job, and the inputs of each of its tasks.
--
--   script_generation ─> audio_generation[scene] ─> video_generation[scene, raster]
--                           └─> platform_adaptation[platform] ─> post_processing[platform]

create function private.store_script(p_job public.generation_jobs, p_script jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  with script as (
    insert into public.scripts (tenant_id, project_id, job_id, content, word_count, total_duration, script_type, language)
    select p_job.tenant_id, p_job.project_id, p_job.id, p_script,
      (select coalesce(sum(array_length(regexp_split_to_array(btrim(s ->> 'voiceover_text'), '\s+'), 1)), 0)
       from jsonb_array_elements(p_script -> 'scenes') as s),
      coalesce((p_job.params ->> 'duration_s')::int, 0),
      coalesce(p_job.params ->> 'script_type', 'explainer'), coalesce(p_script ->> 'language', 'en')
    returning id, total_duration
  )
  insert into public.scenes (
    tenant_id, script_id, scene_number, duration, voiceover_text, visual_description, heading, points, scene_type, language
  )
  select p_job.tenant_id, script.id, (s ->> 'scene_number')::int,
    greatest(1, script.total_duration / jsonb_array_length(p_script -> 'scenes')), s ->> 'voiceover_text',
    s ->> 'visual_description', coalesce(s ->> 'heading', ''), coalesce(s -> 'points', '[]'), s ->> 'scene_type',
    coalesce(p_script ->> 'language', 'en')
  from script cross join jsonb_array_elements(p_script -> 'scenes') as s;
end
$$;
comment on function private.store_script(public.generation_jobs, jsonb) is 'Keeps a finished script and its scenes.';

create function private.expand_job(p_job public.generation_jobs, p_script_task_id uuid, p_script jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  with scene as (
    select (s ->> 'scene_number')::int as number from jsonb_array_elements(p_script -> 'scenes') as s
  ), target as (
    select p.platform, p.aspect, p.width, p.height from public.platforms as p where p.platform = any(p_job.platforms)
  ), audio as (
    select private.uuid_v7() as id, scene.number from scene
  ), video as (
    select private.uuid_v7() as id, audio.number, r.aspect, r.width, r.height, audio.id as audio_id
    from audio cross join (select distinct target.aspect, target.width, target.height from target) as r
  ), package as (
    select private.uuid_v7() as id, target.platform, target.aspect, target.width, target.height,
      (select array_agg(video.id order by video.number) from video
       where video.width = target.width and video.height = target.height) as needs
    from target
  ), task (id, stage, scene_number, aspect, width, height, platform, place, needs) as (
    select id, 'audio_generation', number, null::text, null::int, null::int, null::text, 1000 + number, array[p_script_task_id]
    from audio
    union all
    select id, 'video_generation', number, aspect, width, height, null, 2000 + number, array[audio_id] from video
    union all
    select id, 'platform_adaptation', null, aspect, width, height, platform, 3000, needs from package
    union all
    select private.uuid_v7(), 'post_processing', null, aspect, width, height, platform, 4000, array[id] from package
  )
  insert into public.stage_tasks (
    job_id, id, tenant_id, project_id, batch_id, stage, scene_number, aspect, width, height, platform, position, lane,
    needs, status, generation
  )
  select p_job.id, id, p_job.tenant_id, p_job.project_id, p_job.batch_id, stage, scene_number, aspect, width, height,
    platform, place, p_job.lane, needs, 'blocked', p_job.generation
  from task;
end
$$;
comment on function private.expand_job(public.generation_jobs, uuid, jsonb) is
  'Adds the tasks that follow from a script: sound per scene, picture per scene and raster, package per platform.';

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
      'tone', coalesce(p_job.params ->> 'tone', 'educational'),
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
      'language', p_script.language, 'tone', coalesce(p_job.params ->> 'tone', 'educational'),
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

create function private.task_inputs(p_task public.stage_tasks)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  v_job public.generation_jobs;
  v_script public.scripts;
begin
  select * into strict v_job from public.generation_jobs where id = p_task.job_id;
  v_script := private.script_of(p_task.job_id, p_task.tenant_id);
  return jsonb_strip_nulls(case p_task.stage
    when 'script_generation' then jsonb_build_object(
      'topic', v_job.topic, 'brief', v_job.params -> 'brief', 'audience', v_job.params -> 'audience',
      'tone', v_job.params -> 'tone', 'script_type', v_job.params -> 'script_type',
      'language', v_job.params -> 'language', 'duration_s', v_job.params -> 'duration_s', 'scenes', v_job.params -> 'scenes')
    when 'audio_generation' then (
      select jsonb_build_object('text', s.voiceover_text, 'language', v_script.language, 'voice', v_job.params -> 'voice')
      from public.scenes as s where s.script_id = v_script.id and s.scene_number = p_task.scene_number)
    when 'video_generation' then private.scene_inputs(p_task, v_job, v_script)
    when 'platform_adaptation' then jsonb_build_object(
      'rules', (select to_jsonb(r) - array['is_offered', 'source', 'checked_on'] from public.platforms as r where r.platform = p_task.platform),
      'scenes', private.scene_media(p_task))
    when 'post_processing' then private.package_inputs(p_task, v_job, v_script)
  end);
end
$$;
comment on function private.task_inputs(public.stage_tasks) is
  'The canonical inputs of a task, from the job, its script and the artifacts of what it needs. Equal inputs give an equal content key.';
