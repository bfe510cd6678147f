-- Jobs done again with other inputs. Nothing is compared: what may depend on a change is looked for anew by its content
-- key, which is another one exactly where an input is.

create function private.change_stages()
returns table (field text, stage text)
language sql
immutable
set search_path = ''
as $$
  values
  ('brief', 'script_generation'), ('audience', 'script_generation'), ('tone', 'script_generation'),
  ('script_type', 'script_generation'), ('language', 'script_generation'), ('duration_s', 'script_generation'),
  ('voice', 'audio_generation'), ('scenes', 'audio_generation'), ('images', 'video_generation'), ('platforms', 'post_processing')
$$;
comment on function private.change_stages() is 'What can be changed of a job, and the first stage that depends on it.';

create function private.scene_change_problems(p_job public.generation_jobs, p_scenes jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  v_script_id uuid := (private.script_of(p_job.id, p_job.tenant_id)).id;
begin
  if jsonb_typeof(p_scenes) <> 'object' or p_scenes = '{}' then
    return jsonb_build_array(private.as_problem(null, 'scenes', 'is not an object of scenes by their number'));
  elsif v_script_id is null then
    return jsonb_build_array(private.as_problem(null, 'scenes', 'cannot be changed before there is a script'));
  end if;
  return (
    with scene as (
      select e.key, e.value from jsonb_each(p_scenes) as e
    ), problem (field, reason) as (
      select 'scenes.' || scene.key, 'is not a scene of the script' from scene
      where not exists (select from public.scenes as s where s.script_id = v_script_id and s.scene_number::text = scene.key)
      union all
      select 'scenes.' || scene.key, 'is not an object with something to change' from scene
      where jsonb_typeof(scene.value) <> 'object' or scene.value = '{}'
      union all
      select 'scenes.' || scene.key || '.' || f.key, private.scene_field_problem(f.key, f.value)
      from scene
      cross join lateral jsonb_each(case jsonb_typeof(scene.value) when 'object' then scene.value else '{}' end) as f
    )
    select jsonb_agg(private.as_problem(null, problem.field, problem.reason) order by problem.field)
    from problem where problem.reason is not null
  );
end
$$;
comment on function private.scene_change_problems(public.generation_jobs, jsonb) is 'Everything wrong with the changes of scenes; null when nothing is.';

create function private.scene_field_problem(p_field text, p_value jsonb)
returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_text text := p_value #>> '{}';
begin
  if p_field not in ('voiceover_text', 'visual_description', 'heading', 'points') then
    return 'is not something that can be changed of a scene';
  elsif p_field = 'points' then
    return case when jsonb_typeof(p_value) <> 'array' or jsonb_array_length(p_value) > 20 or exists (
      select from jsonb_array_elements(p_value) as e where jsonb_typeof(e) <> 'string' or length(e #>> '{}') > 500
    ) then 'is not a list of up to 20 texts of up to 500 characters' end;
  elsif jsonb_typeof(p_value) <> 'string' then
    return 'is not text';
  elsif p_field = 'voiceover_text' and btrim(v_text) = '' then
    return 'is empty';
  elsif length(v_text) > 10000 then
    return 'is longer than 10,000 characters';
  end if;
  return null;
end
$$;
comment on function private.scene_field_problem(text, jsonb) is 'What is wrong with a field of a scene as somebody wants it; null when nothing is.';

create function private.change_problems(p_job public.generation_jobs, p_changes jsonb, p_stage text)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  v_fields text [] := array(select f.field from private.change_stages() as f);
  v_topic jsonb;
begin
  if jsonb_typeof(p_changes) <> 'object' then
    return jsonb_build_array(private.as_problem(null, 'changes', 'is not an object'));
  end if;
  v_topic := jsonb_build_object('topic', p_job.topic, 'platforms', p_job.platforms)
    || coalesce((
      select jsonb_object_agg(c.key, c.value) from jsonb_each(p_changes) as c where c.key = any(v_fields) and c.key <> 'scenes'
    ), '{}');
  return coalesce((
    select jsonb_agg(private.as_problem(null, c.key, 'is not something that can be changed of a job') order by c.key)
    from jsonb_object_keys(p_changes) as c (key) where c.key <> all(v_fields)
  ), '[]') || coalesce((
    select jsonb_agg(p.value || '{"row": null}' order by p.ordinality)
    from jsonb_array_elements(private.topic_problems(jsonb_build_array(v_topic))) with ordinality as p
    where p_changes ? (p.value ->> 'field')
  ), '[]') || case when p_changes ? 'scenes' then coalesce(private.scene_change_problems(p_job, p_changes -> 'scenes'), '[]') else '[]' end
  || case when p_changes ? 'scenes' and (p_stage = 'script_generation' or exists (
      select from private.change_stages() as f where p_changes ? f.field and f.stage = 'script_generation'))
    then jsonb_build_array(private.as_problem(null, 'scenes', 'cannot be changed together with what writes another script'))
    else '[]' end;
end
$$;
comment on function private.change_problems(public.generation_jobs, jsonb, text) is 'Everything wrong with the changes of a job; an empty list when nothing is.';

create function private.revise_script(p_job public.generation_jobs, p_scenes jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_script public.scripts := private.script_of(p_job.id, p_job.tenant_id);
begin
  perform private.store_script(p_job, v_script.content || jsonb_build_object('language', v_script.language, 'scenes', (
    select jsonb_agg(jsonb_build_object('scene_number', s.scene_number, 'scene_type', s.scene_type, 'voiceover_text', s.voiceover_text,
      'visual_description', s.visual_description, 'heading', s.heading, 'points', s.points)
      || coalesce(p_scenes -> s.scene_number::text, '{}') order by s.scene_number)
    from public.scenes as s where s.script_id = v_script.id
  )));
end
$$;
comment on function private.revise_script(public.generation_jobs, jsonb) is 'Makes a new script of the newest, with other scenes; the older one stays.';

create function private.drop_platforms(p_job_id uuid, p_platforms text [])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_task_ids uuid [] := array(
    select t.id from public.stage_tasks as t
    where t.job_id = p_job_id and (
      t.platform <> all(p_platforms)
      or (t.stage = 'video_generation' and not exists (
        select from public.platforms as r where r.platform = any(p_platforms) and (r.width, r.height) = (t.width, t.height)
      ))
    )
  );
begin
  perform private.forget_content(array[p_job_id], v_task_ids);
  delete from public.stage_tasks as t where t.job_id = p_job_id and t.id = any(v_task_ids);
end
$$;
comment on function private.drop_platforms(uuid, text []) is 'Removes the tasks of a job that none of these platforms needs.';

create function private.add_platforms(p_job public.generation_jobs)
returns void
language plpgsql
set search_path = ''
as $$
begin
  -- A job without a script has no sound yet: all its tasks are made when the script is there.
  insert into public.stage_tasks (
    job_id, tenant_id, project_id, batch_id, stage, scene_number, aspect, width, height, position, lane, needs, status, generation
  )
  select a.job_id, a.tenant_id, a.project_id, a.batch_id, 'video_generation', a.scene_number, r.aspect, r.width, r.height,
    2000 + a.scene_number, p_job.lane, array[a.id], 'blocked', p_job.generation + 1
  from public.stage_tasks as a
  cross join (select distinct p.aspect, p.width, p.height from public.platforms as p where p.platform = any(p_job.platforms)) as r
  where a.job_id = p_job.id and a.stage = 'audio_generation'
  on conflict do nothing;

  with package as (
    insert into public.stage_tasks (
      job_id, tenant_id, project_id, batch_id, stage, aspect, width, height, platform, position, lane, needs, status, generation
    )
    select p_job.id, p_job.tenant_id, p_job.project_id, p_job.batch_id, 'platform_adaptation', r.aspect, r.width, r.height, r.platform,
      3000, p_job.lane, v.needs, 'blocked', p_job.generation + 1
    from public.platforms as r
    cross join lateral (
      select array_agg(t.id order by t.scene_number) as needs from public.stage_tasks as t
      where t.job_id = p_job.id and t.stage = 'video_generation' and (t.width, t.height) = (r.width, r.height)
    ) as v
    where r.platform = any(p_job.platforms) and v.needs is not null
    on conflict do nothing
    returning id, aspect, width, height, platform
  )
  insert into public.stage_tasks (
    job_id, tenant_id, project_id, batch_id, stage, aspect, width, height, platform, position, lane, needs, status, generation
  )
  select p_job.id, p_job.tenant_id, p_job.project_id, p_job.batch_id, 'post_processing', k.aspect, k.width, k.height, k.platform,
    4000, p_job.lane, array[k.id], 'blocked', p_job.generation + 1
  from package as k;
end
$$;
comment on function private.add_platforms(public.generation_jobs) is
  'Adds the tasks that the platforms of a job need and that are not there; blocked, until the job begins its next generation.';

create function private.change_job(p_job public.generation_jobs, p_changes jsonb, p_stage text)
returns text
language plpgsql
set search_path = ''
as $$
declare
  v_problems jsonb := private.change_problems(p_job, p_changes, p_stage);
begin
  if v_problems <> '[]' then
    raise exception '% of the changes cannot be made.', jsonb_array_length(v_problems)
      using errcode = 'CR001', detail = v_problems::text, hint = 'Correct the fields named, or leave them out.';
  end if;
  p_job.params := (p_job.params || (p_changes - array['scenes', 'platforms']))
    - array(select c.key from jsonb_each(p_changes) as c where c.value = 'null');
  if p_changes ? 'platforms' then
    p_job.platforms := array(select distinct p from jsonb_array_elements_text(p_changes -> 'platforms') as p order by p);
  end if;
  update public.generation_jobs set params = p_job.params, platforms = p_job.platforms where id = p_job.id;
  if p_changes ? 'scenes' then
    perform private.revise_script(p_job, p_changes -> 'scenes');
  end if;
  if p_changes ? 'platforms' then
    perform private.drop_platforms(p_job.id, p_job.platforms);
    perform private.add_platforms(p_job);
  end if;
  return (
    select f.stage from private.change_stages() as f join private.stage_weights() as w on w.stage = f.stage
    where p_changes ? f.field order by w.place limit 1
  );
end
$$;
comment on function private.change_job(public.generation_jobs, jsonb, text) is
  'Gives a job that has ended, or is in review, other inputs; returns the first stage that may depend on them. Raises CR001 with every problem in the detail.';
