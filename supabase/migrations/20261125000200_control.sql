-- Pause, resume and cancel; retry from a stage on and of whole batches; the dry run; scenes of the library in topics.

drop function public.retry_job(uuid);

alter table public.stage_tasks add column redone_in int;
comment on column public.stage_tasks.redone_in is
  'The generation of its job in which somebody asked for another result than the one there was. Part of its content key, so that the old result is not found again.';

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

create or replace function private.job_states(p_job_ids uuid [])
returns table (
  job_id uuid, is_started boolean, active_count bigint, failed_count bigint, cancelled_count bigint, open_count bigint,
  progress int, steps_done int, stage text, error_code text, error_message text, next_step text
)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  with per_stage as (
    select
      t.job_id, t.stage,
      bool_or(t.status in ('processing', 'completed', 'failed')) as is_started,
      count(*) filter (where t.status in ('pending', 'queued', 'processing')) as active_count,
      count(*) filter (where t.status = 'failed') as failed_count,
      count(*) filter (where t.status = 'cancelled') as cancelled_count,
      count(*) filter (where t.status <> 'completed') as open_count,
      avg(case t.status when 'completed' then 100 else t.progress end) as progress,
      (array_agg(t.error_code order by t.completed_at) filter (where t.status = 'failed'))[1] as error_code,
      (array_agg(t.error_message order by t.completed_at) filter (where t.status = 'failed'))[1] as error_message,
      (array_agg(t.next_step order by t.completed_at) filter (where t.status = 'failed'))[1] as next_step
    from unnest(p_job_ids) as u (id)
    join public.stage_tasks as t on t.job_id = u.id
    group by t.job_id, t.stage
  )
  select
    s.job_id, bool_or(s.is_started), sum(s.active_count)::bigint, sum(s.failed_count)::bigint,
    sum(s.cancelled_count)::bigint, sum(s.open_count)::bigint,
    floor(sum(w.weight * s.progress) / 100)::int,
    count(*) filter (where s.open_count = 0)::int,
    coalesce((array_agg(s.stage order by w.place) filter (where s.open_count > 0))[1],
      (array_agg(s.stage order by w.place desc))[1]),
    (array_agg(s.error_code order by w.place) filter (where s.failed_count > 0))[1],
    (array_agg(s.error_message order by w.place) filter (where s.failed_count > 0))[1],
    (array_agg(s.next_step order by w.place) filter (where s.failed_count > 0))[1]
  from per_stage as s
  join private.stage_weights() as w on w.stage = s.stage
  group by s.job_id;
end
$$;

create or replace function private.batch_status(
  p_status text, p_job_count int, p_pending_count int, p_completed_count int, p_failed_count int, p_cancelled_count int
)
returns text
language sql
immutable
set search_path = ''
return case
  when p_completed_count + p_failed_count + p_cancelled_count < p_job_count then
    case when p_status = 'pending' and p_pending_count + p_cancelled_count = p_job_count then 'pending' else 'processing' end
  -- Jobs removed from a batch that has ended, or all of them from any, do not change how it ended.
  when p_status in ('completed', 'partial', 'failed', 'cancelled') or p_job_count = 0 then p_status
  when p_failed_count = p_job_count then 'failed'
  when p_failed_count > 0 then 'partial'
  when p_cancelled_count > 0 then 'cancelled'
  else 'completed'
end;

create or replace function private.task_inputs(p_task public.stage_tasks)
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
      select t.v - '{topic,brief,audience,tone,script_type,priority,language,voice,duration_s,platforms,images,library_items,metadata}'::text []
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

create function private.library_scene(p_item_id text)
returns table (item_id uuid, language text, scene jsonb)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select c.id, s.language, case when c.tenant_id = private.tenant_id()
    then jsonb_build_object('scene_type', s.scene_type, 'voiceover_text', s.voiceover_text,
      'visual_description', s.visual_description, 'heading', s.heading, 'points', s.points)
    -- Of another tenant's scene there is only what it shares.
    else jsonb_build_object('scene_type', 'main_content', 'voiceover_text', c.preview_text,
      'visual_description', c.preview_text, 'heading', '', 'points', '[]'::jsonb) end
  from public.content_library as c
  join public.scenes as s on s.id = c.scene_id
  where c.id = case when pg_catalog.lower(p_item_id) ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then p_item_id::uuid end
    and (c.tenant_id = private.tenant_id() or c.library_category = 'public');
end
$$;
comment on function private.library_scene(text) is
  'A scene of the library as a script takes it, by the id of the item; no row unless it is the caller''s own or public. Of a public scene of '
  'another tenant the preview is all there is.';

create function private.library_problems(p_topics jsonb)
returns jsonb
language sql
stable
set search_path = ''
as $$
  with topic as materialized (
    select t.ordinality as n, t.value as v, jsonb_typeof(t.value -> 'library_items') as kind
    from jsonb_array_elements(p_topics) with ordinality as t
    where jsonb_typeof(t.value) = 'object' and jsonb_typeof(t.value -> 'library_items') <> 'null'
  ), problem as (
    select t.n, 'is not a list of up to 20 scenes of the library' as reason
    from topic as t
    where t.kind <> 'array' or t.v -> 'library_items' -> 20 is not null
    union all
    select t.n, p.reason
    from topic as t
    cross join lateral jsonb_array_elements_text(case t.kind when 'array' then t.v -> 'library_items' else '[]' end) as i (value)
    left join lateral private.library_scene(i.value) as l on true
    cross join lateral (
      select case
        when l.item_id is null then format('names %s, which is neither in your library nor public', coalesce(i.value, 'null'))
        when btrim(l.scene ->> 'voiceover_text') = '' then format('names %s, which has no text to be spoken', i.value)
        when lower(split_part(l.language, '-', 1)) <> lower(split_part(coalesce(t.v ->> 'language', 'en'), '-', 1))
          then format('names %s, whose language is %s, unlike that of the video', i.value, l.language)
      end as reason
    ) as p
    where p.reason is not null
  )
  select jsonb_agg(private.as_problem(n, 'library_items', reason) order by n) from problem
$$;
comment on function private.library_problems(jsonb) is 'Everything wrong with the scenes of the library that topics name; null when nothing is.';

create function private.is_topic_list(p_topics jsonb)
returns boolean
language sql
immutable
set search_path = ''
return case jsonb_typeof(p_topics) when 'array' then jsonb_array_length(p_topics) between 1 and 10000 else false end;
comment on function private.is_topic_list(jsonb) is 'Whether this is a list that a batch can be made of, whatever stands in it.';

create function private.request_problems(p_topics jsonb, p_options jsonb)
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
  return coalesce(private.option_problems(p_options), '[]') || coalesce(private.topic_problems(p_topics), '[]')
    || coalesce(private.library_problems(p_topics), '[]');
end
$$;
comment on function private.request_problems(jsonb, jsonb) is 'Everything wrong with the topics and options of a batch; an empty list when nothing is.';

create or replace function private.check_request(p_topics jsonb, p_options jsonb)
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  v_problems jsonb;
begin
  if not private.is_topic_list(p_topics) then
    raise exception 'A batch takes a list of 1 to 10,000 topics.'
      using errcode = 'CR001', hint = 'Split a longer list into several batches.';
  elsif jsonb_typeof(p_options) is distinct from 'object' then
    raise exception 'The options of a batch are an object.' using errcode = 'CR001', hint = 'Send {} for none.';
  end if;
  v_problems := private.request_problems(p_topics, p_options);
  if v_problems <> '[]' then
    raise exception '% of the topics and options cannot be used.', (
      select count(distinct coalesce(p ->> 'row', p ->> 'field')) from jsonb_array_elements(v_problems) as p)
      using errcode = 'CR001', detail = v_problems::text, hint = 'Correct the rows and fields named, or leave them out.';
  end if;
end
$$;

create function private.acting_tenant_id()
returns uuid
language plpgsql
stable
set search_path = ''
as $$
declare
  v_tenant_id uuid := private.tenant_id();
begin
  if v_tenant_id is null then
    raise exception 'You are not signed in to a tenant.'
      using errcode = 'CR003', hint = 'Sign in, or ask an owner to invite you.';
  end if;
  return v_tenant_id;
end
$$;
comment on function private.acting_tenant_id() is 'The tenant the caller acts in; raises CR003 when there is none.';

create function private.check_controls(p_project_id uuid, p_doing text)
returns void
language plpgsql
stable
set search_path = ''
as $$
begin
  if not exists (select from private.controlled_project_ids() as c where c = p_project_id) then
    raise exception 'Your role does not allow you to %.', p_doing
      using errcode = 'CR003', hint = 'Ask its owner to add you as an editor.';
  end if;
end
$$;
comment on function private.check_controls(uuid, text) is 'Raises CR003 unless the caller controls the project.';

create or replace function private.check_may_create(p_project_id uuid)
returns public.projects
language plpgsql
stable
set search_path = ''
as $$
declare
  v_project public.projects;
begin
  select * into v_project from public.projects
  where id = p_project_id and tenant_id = private.acting_tenant_id() and deleted_at is null;
  if not found then
    raise exception 'There is no project %.', p_project_id
      using errcode = 'CR002', hint = 'List the projects, and use the id of one of them.';
  end if;
  perform private.check_controls(p_project_id, 'create jobs in this project');
  return v_project;
end
$$;

create function private.library_scenes(p_item_ids jsonb)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_agg(l.scene order by i.ordinality)
  from jsonb_array_elements_text(case jsonb_typeof(p_item_ids) when 'array' then p_item_ids else '[]' end) with ordinality as i
  cross join lateral private.library_scene(i.value) as l
$$;
comment on function private.library_scenes(jsonb) is
  'The scenes of library items, in order, as they are now: what becomes of an item later changes no job. Null for none.';

create function private.count_library_use(p_topics jsonb)
returns void
language sql
set search_path = ''
as $$
  with used as (
    select i.value::uuid as id, count(*)::int as times
    from jsonb_array_elements(p_topics) as t
    cross join lateral jsonb_array_elements_text(
      case jsonb_typeof(t.value -> 'library_items') when 'array' then t.value -> 'library_items' else '[]' end) as i
    group by i.value::uuid
  ), item as materialized (
    -- In one order, because tenants share the public ones.
    select c.id, used.times from public.content_library as c join used on used.id = c.id order by c.id for no key update of c
  )
  update public.content_library as c
  set usage_count = c.usage_count + item.times, last_used = now()
  from item
  where c.id = item.id
$$;
comment on function private.count_library_use(jsonb) is 'Counts the use of the scenes of the library that topics name.';

create or replace function private.insert_jobs(p_batch public.batches, p_topics jsonb, p_job_type text)
returns void
language sql
set search_path = ''
as $$
  with job as (
    insert into public.generation_jobs (
      id, tenant_id, project_id, batch_id, position, job_type, lane, topic, platforms, params, stage
    )
    select private.uuid_v7(), p_batch.tenant_id, p_batch.project_id, p_batch.id, t.ordinality, p_job_type,
      coalesce(t.value ->> 'priority', 'standard'), btrim(t.value ->> 'topic'),
      array(select distinct p from jsonb_array_elements_text(t.value -> 'platforms') as p order by p),
      jsonb_strip_nulls((t.value - array['topic', 'platforms', 'priority']) || case when t.value ? 'library_items'
        then jsonb_build_object('scenes', private.library_scenes(t.value -> 'library_items')) else '{}' end), 'script_generation'
    from jsonb_array_elements(p_topics) with ordinality as t
    returning id, lane
  )
  insert into public.stage_tasks (job_id, tenant_id, project_id, batch_id, stage, position, lane)
  select job.id, p_batch.tenant_id, p_batch.project_id, p_batch.id, 'script_generation', 0, job.lane from job
$$;

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
  'voice?, images?, library_items?, metadata?}, in one transaction. Options: title, max_concurrent_tasks, job_type. The same idempotency key and request again return '
  'the same batch. Raises CR001 with every problem in the detail, CR002, CR003 or CR004.';

create or replace function private.claim_task(
  p_job_id uuid, p_task_id uuid, p_entry_id bigint, p_worker_id uuid, p_version text
)
returns jsonb
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_task public.stage_tasks := private.lock_task(p_job_id, p_task_id);
  v_attempt_id uuid := private.uuid_v7();
  v_inputs jsonb;
  v_key text;
  v_verdict text;
begin
  if v_task.entry_id is distinct from p_entry_id or v_task.status is null then
    return jsonb_build_object('verdict', 'stale');
  end if;
  if v_task.status = 'queued' and private.is_paused(v_task) then
    update public.stage_tasks set status = 'pending' where job_id = p_job_id and id = p_task_id;
    perform private.release();
    return jsonb_build_object('verdict', 'paused');
  end if;
  v_inputs := private.task_inputs(v_task);
  v_key := encode(sha256(convert_to(
    concat_ws(E'\n', v_task.stage, p_version, v_inputs::text, v_task.job_id || '/' || v_task.redone_in), 'UTF8')), 'hex');
  if v_task.status = 'queued' then
    v_verdict := private.reserve_artifact(v_task, v_key, p_version, v_attempt_id);
  elsif v_task.worker_id = p_worker_id then
    -- Asked twice: the answer to the first call was lost on its way.
    v_verdict := 'run';
    v_attempt_id := v_task.attempt_id;
  else
    return jsonb_build_object('verdict', 'stale');
  end if;
  if v_verdict = 'reused' then
    perform private.finish_task(v_task, v_key, true);
  elsif v_verdict = 'parked' then
    update public.stage_tasks set status = 'pending', awaits_key = v_key where job_id = p_job_id and id = p_task_id;
    perform private.release();
  elsif v_task.status = 'queued' then
    perform private.start_attempt(v_task, v_attempt_id, p_worker_id, v_key);
  end if;
  return jsonb_build_object('verdict', v_verdict, 'attempt_id', v_attempt_id, 'stage', v_task.stage,
    'tenant_id', v_task.tenant_id, 'content_key', v_key, 'inputs', case v_verdict when 'run' then v_inputs end);
end
$$;

create function private.job_to_control(p_job_id uuid)
returns public.generation_jobs
language plpgsql
set search_path = ''
as $$
declare
  v_job public.generation_jobs;
  v_tenant_id uuid := private.acting_tenant_id();
begin
  perform private.lock_tenant(v_tenant_id);
  select j.* into v_job
  from public.generation_jobs as j
  join public.batches as b on b.id = j.batch_id and b.deleted_at is null
  where j.id = p_job_id and j.tenant_id = v_tenant_id
  for update of j;
  if not found then
    raise exception 'There is no job %.', p_job_id using errcode = 'CR002', hint = 'List the jobs, and use the id of one of them.';
  end if;
  perform private.check_controls(v_job.project_id, 'control the jobs of this project');
  return v_job;
end
$$;
comment on function private.job_to_control(uuid) is
  'The job, with its tenant and itself locked, in that order, if the caller controls its project; raises CR002 or CR003 otherwise.';

create function private.batch_to_control(p_batch_id uuid)
returns public.batches
language plpgsql
set search_path = ''
as $$
declare
  v_batch public.batches;
  v_tenant_id uuid := private.acting_tenant_id();
begin
  perform private.lock_tenant(v_tenant_id);
  select b.* into v_batch from public.batches as b
  where b.id = p_batch_id and b.tenant_id = v_tenant_id and b.deleted_at is null
  for update;
  if not found then
    raise exception 'There is no batch %.', p_batch_id using errcode = 'CR002', hint = 'List the batches, and use the id of one of them.';
  end if;
  perform private.check_controls(v_batch.project_id, 'control the batches of this project');
  return v_batch;
end
$$;
comment on function private.batch_to_control(uuid) is
  'The batch, with its tenant and itself locked, in that order, if the caller controls its project; raises CR002 or CR003 otherwise.';

create function private.told_job(p_job_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object('job_id', j.id, 'status', j.status, 'paused_at', j.paused_at, 'version', j.version)
  from public.generation_jobs as j where j.id = p_job_id
$$;
comment on function private.told_job(uuid) is 'What those who control a job are told of it.';

create function private.told_batch(p_batch_id uuid, p_changed_jobs int)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object('batch_id', b.id, 'status', b.status, 'paused_at', b.paused_at, 'version', b.version,
    'changed_jobs', p_changed_jobs)
  from public.batches as b where b.id = p_batch_id
$$;
comment on function private.told_batch(uuid, int) is 'What those who control a batch are told of it.';

create function private.check_not_ended(p_what text, p_status text, p_doing text)
returns void
language plpgsql
immutable
set search_path = ''
as $$
begin
  if p_status in ('completed', 'partial', 'failed', 'cancelled') then
    raise exception 'The % is %; there is nothing left to %.', p_what, p_status, p_doing
      using errcode = 'CR004', hint = 'Look at its current state. A retry runs it again.';
  end if;
end
$$;
comment on function private.check_not_ended(text, text, text) is 'Raises CR004 for a job or batch that has ended.';

create function private.forget_wait(p_tenant_id uuid, p_project_id uuid default null, p_batch_id uuid default null)
returns void
language sql
set search_path = ''
as $$
  update private.backlogs as g
  set served_at = now()
  where g.tenant_id = p_tenant_id and g.project_id = coalesce(p_project_id, g.project_id)
    and g.batch_id = coalesce(p_batch_id, g.batch_id) and g.waiting_count > 0
$$;
comment on function private.forget_wait(uuid, uuid, uuid) is 'After a pause: the time of it is no waiting, and lifts no lane.';

create function private.set_job_paused(p_job_id uuid, p_is_paused boolean)
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
  set paused_at = case when p_is_paused then now() end, paused_by = case when p_is_paused then private.user_id() end
  where id = p_job_id and (paused_at is not null) <> p_is_paused;
  if not p_is_paused then
    perform private.release();
  end if;
  return private.told_job(p_job_id);
end
$$;
comment on function private.set_job_paused(uuid, boolean) is 'Pauses or resumes a job; saying it twice does no harm.';

create function private.set_batch_paused(p_batch_id uuid, p_is_paused boolean)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_batch public.batches := private.batch_to_control(p_batch_id);
  v_changes boolean := (v_batch.paused_at is not null) <> p_is_paused;
begin
  if p_is_paused then
    perform private.check_not_ended('batch', v_batch.status, 'pause');
  end if;
  if v_changes then
    update public.batches
    set paused_at = case when p_is_paused then now() end, paused_by = case when p_is_paused then private.user_id() end
    where id = p_batch_id;
    if not p_is_paused then
      perform private.forget_wait(v_batch.tenant_id, v_batch.project_id, p_batch_id);
      perform private.release();
    end if;
  end if;
  return private.told_batch(p_batch_id, case when v_changes then v_batch.pending_count + v_batch.processing_count else 0 end);
end
$$;
comment on function private.set_batch_paused(uuid, boolean) is 'Pauses or resumes a batch; saying it twice does no harm.';

create function private.set_project_paused(p_project_id uuid, p_is_paused boolean)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_tenant_id uuid := private.acting_tenant_id();
  v_project public.projects;
begin
  perform private.lock_tenant(v_tenant_id);
  select p.* into v_project from public.projects as p
  where p.id = p_project_id and p.tenant_id = v_tenant_id and p.deleted_at is null
  for no key update;
  if not found then
    raise exception 'There is no project %.', p_project_id
      using errcode = 'CR002', hint = 'List the projects, and use the id of one of them.';
  end if;
  perform private.check_controls(p_project_id, 'control this project');
  if (v_project.paused_at is not null) <> p_is_paused then
    update public.projects
    set paused_at = case when p_is_paused then now() end, paused_by = case when p_is_paused then private.user_id() end
    where id = p_project_id
    returning * into v_project;
    if not p_is_paused then
      perform private.forget_wait(v_tenant_id, p_project_id);
      perform private.release();
    end if;
  end if;
  return jsonb_build_object('project_id', p_project_id, 'paused_at', v_project.paused_at, 'version', v_project.version);
end
$$;
comment on function private.set_project_paused(uuid, boolean) is 'Pauses or resumes a project; saying it twice does no harm.';

create function private.set_tenant_paused(p_is_paused boolean)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_tenant_id uuid := private.acting_tenant_id();
  v_paused_at timestamptz;
begin
  if not private.has_role('admin') then
    raise exception 'Your role does not allow you to pause or resume the whole team.'
      using errcode = 'CR003', hint = 'Ask an admin or owner, or pause a project that you control.';
  end if;
  perform private.lock_tenant(v_tenant_id);
  update public.tenants
  set paused_at = case when p_is_paused then now() end, paused_by = case when p_is_paused then private.user_id() end
  where id = v_tenant_id and (paused_at is not null) <> p_is_paused;
  if found and not p_is_paused then
    perform private.forget_wait(v_tenant_id);
    perform private.release();
  end if;
  select t.paused_at into v_paused_at from public.tenants as t where t.id = v_tenant_id;
  return jsonb_build_object('tenant_id', v_tenant_id, 'paused_at', v_paused_at);
end
$$;
comment on function private.set_tenant_paused(boolean) is 'Pauses or resumes all work of the caller''s tenant; saying it twice does no harm.';

create function private.drop_entries(p_entry_ids bigint [])
returns void
language sql
set search_path = ''
as $$
  -- Those that somebody else just fetches or finishes are passed over, not waited for: their task no longer knows them.
  with entry as materialized (
    select e.id from procrastinate.procrastinate_jobs as e where e.id = any(p_entry_ids) for update skip locked
  )
  select procrastinate.procrastinate_cancel_job_v1(entry.id, true, true) from entry
$$;
comment on function private.drop_entries(bigint []) is
  'Removes queue entries that nobody has fetched, and asks the workers of the others to stop what they run for them.';

create function private.withdraw(p_job_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_task public.stage_tasks;
  v_entry_ids bigint [] := array(
    select t.entry_id from public.stage_tasks as t where t.job_id = any(p_job_ids) and t.entry_id is not null
  );
begin
  for v_task in
    select t.* from public.stage_tasks as t where t.job_id = any(p_job_ids) and t.status = 'processing'
  loop
    perform private.end_attempt(v_task, 'cancelled', null, null);
  end loop;
  update public.stage_tasks
  set status = 'cancelled', completed_at = now()
  where job_id = any(p_job_ids) and status in ('blocked', 'pending', 'queued', 'processing');
  perform private.drop_entries(v_entry_ids);
end
$$;
comment on function private.withdraw(uuid []) is
  'Cancels what has not ended of jobs whose tenant is locked; attempts that run lose their token, and whoever waits for their artifact is woken.';

create function private.cancel_job_of(p_job_id uuid)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_job public.generation_jobs := private.job_to_control(p_job_id);
begin
  if v_job.status <> 'cancelled' then
    perform private.check_not_ended('job', v_job.status, 'cancel');
    perform private.withdraw(array[p_job_id]);
    perform private.release();
  end if;
  return private.told_job(p_job_id);
end
$$;
comment on function private.cancel_job_of(uuid) is 'Cancels a job; saying it twice does no harm.';

create function private.cancel_batch_of(p_batch_id uuid)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_batch public.batches := private.batch_to_control(p_batch_id);
  v_job_ids uuid [];
begin
  if v_batch.status = 'cancelled' then
    return private.told_batch(p_batch_id, 0);
  end if;
  perform private.check_not_ended('batch', v_batch.status, 'cancel');
  v_job_ids := array(
    select j.id from public.generation_jobs as j
    where j.tenant_id = v_batch.tenant_id and j.batch_id = p_batch_id and j.status in ('pending', 'processing')
    order by j.id
  );
  perform private.withdraw(v_job_ids);
  perform private.release();
  return private.told_batch(p_batch_id, cardinality(v_job_ids));
end
$$;
comment on function private.cancel_batch_of(uuid) is 'Cancels all jobs of a batch that have not ended; saying it twice does no harm.';

create function public.pause_job(job_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
begin
  return private.set_job_paused(pause_job.job_id, true);
end
$$;
comment on function public.pause_job(uuid) is
  'Pauses a job: what runs of it may end, nothing new starts. Returns {job_id, status, paused_at, version}. Raises CR002, CR003, or CR004 '
  'when it has ended.';

create function public.resume_job(job_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
begin
  return private.set_job_paused(resume_job.job_id, false);
end
$$;
comment on function public.resume_job(uuid) is
  'Lets a paused job go on. Returns {job_id, status, paused_at, version}. Raises CR002 or CR003.';

create function public.cancel_job(job_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
begin
  return private.cancel_job_of(cancel_job.job_id);
end
$$;
comment on function public.cancel_job(uuid) is
  'Withdraws a job: what waits never runs, what runs is stopped and its result refused; what was finished stays. Returns {job_id, status, '
  'paused_at, version}. Raises CR002, CR003, or CR004 when it has ended.';

create function public.pause_batch(batch_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
begin
  return private.set_batch_paused(pause_batch.batch_id, true);
end
$$;
comment on function public.pause_batch(uuid) is
  'Pauses a batch: what runs of it may end, nothing new starts. Returns {batch_id, status, paused_at, version, changed_jobs}. Raises CR002, '
  'CR003, or CR004 when it has ended.';

create function public.resume_batch(batch_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
begin
  return private.set_batch_paused(resume_batch.batch_id, false);
end
$$;
comment on function public.resume_batch(uuid) is
  'Lets a paused batch go on; jobs paused on their own stay so. Returns {batch_id, status, paused_at, version, changed_jobs}. Raises CR002 '
  'or CR003.';

create function public.cancel_batch(batch_id uuid)
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
  'Withdraws every job of a batch that has not ended. Returns {batch_id, status, paused_at, version, changed_jobs}. Raises CR002, CR003, or '
  'CR004 when it has ended.';

create function public.pause_project(project_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
begin
  return private.set_project_paused(pause_project.project_id, true);
end
$$;
comment on function public.pause_project(uuid) is
  'Pauses all batches of a project. Returns {project_id, paused_at, version}. Raises CR002 or CR003.';

create function public.resume_project(project_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
begin
  return private.set_project_paused(resume_project.project_id, false);
end
$$;
comment on function public.resume_project(uuid) is
  'Lets a paused project go on. Returns {project_id, paused_at, version}. Raises CR002 or CR003.';

create function public.pause_tenant()
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
begin
  return private.set_tenant_paused(true);
end
$$;
comment on function public.pause_tenant() is
  'Pauses all work of the caller''s tenant; for admins and owners. Returns {tenant_id, paused_at}. Raises CR003.';

create function public.resume_tenant()
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
begin
  return private.set_tenant_paused(false);
end
$$;
comment on function public.resume_tenant() is
  'Lets a paused tenant go on; for admins and owners. Returns {tenant_id, paused_at}. Raises CR003.';

grant execute on function
public.pause_job(uuid),
public.resume_job(uuid),
public.cancel_job(uuid),
public.pause_batch(uuid),
public.resume_batch(uuid),
public.cancel_batch(uuid),
public.pause_project(uuid),
public.resume_project(uuid),
public.pause_tenant(),
public.resume_tenant()
to authenticated;

create function private.start_generation(p_job_ids uuid [])
returns void
language sql
set search_path = ''
as $$
  update public.generation_jobs as j
  set status = 'pending', generation = j.generation + 1, progress = 0, current_step = 0, completed_at = null,
    error_code = null, error_message = null, next_step = null, result_data = null,
    -- Whoever wants it to run again does not want it held back.
    paused_at = null, paused_by = null
  where j.id = any(p_job_ids)
$$;
comment on function private.start_generation(uuid []) is 'Begins the next generation of jobs that have ended.';

create function private.forget_content(p_job_ids uuid [], p_place int)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_ids uuid [] := array(
    select c.id
    from public.generation_jobs as j
    join public.generated_content as c on c.tenant_id = j.tenant_id and c.job_id = j.id
    join public.stage_tasks as t on t.job_id = c.job_id and t.id = c.task_id
    join private.stage_weights() as w on w.stage = t.stage
    where j.id = any(p_job_ids) and w.place >= p_place
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
comment on function private.forget_content(uuid [], int) is
  'Takes away what jobs made from a stage (by its place) on, because it is made anew. The files stay as artifacts; content that has figures '
  'stays in its project without the job.';

create function private.retry(p_job_ids uuid [], p_stage text)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_place int := (select w.place from private.stage_weights() as w where w.stage = p_stage);
  v_count int;
begin
  perform private.start_generation(p_job_ids);
  if v_place is not null then
    perform private.forget_content(p_job_ids, v_place);
  end if;
  if v_place = 1 then
    -- Another script may have other scenes: their tasks are made when it is there.
    delete from public.stage_tasks as t where t.job_id = any(p_job_ids) and t.stage <> p_stage;
  end if;
  update public.stage_tasks as t
  set
    status = case when w.place > v_place or exists (
        select from public.stage_tasks as n where n.job_id = t.job_id and n.id = any(t.needs) and n.status <> 'completed'
      ) then 'blocked' else 'pending' end,
    -- What follows is computed again where its inputs are others than before, and found again where they are the same.
    redone_in = case when w.place = v_place and t.status = 'completed' then j.generation else t.redone_in end,
    generation = j.generation, failure_count = 0, lost_count = 0, completed_at = null, progress = 0,
    content_key = null, is_reused = false, error_code = null, error_message = null, next_step = null
  from public.generation_jobs as j, private.stage_weights() as w
  where t.job_id = any(p_job_ids) and j.id = t.job_id and w.stage = t.stage
    and (t.status in ('failed', 'cancelled') or (t.status = 'completed' and w.place >= v_place));
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function private.retry(uuid [], text) is
  'Runs jobs that have ended again: what failed or was cancelled, and with a stage also what that stage and those after it had completed. '
  'Returns how many tasks. Their tenant is locked.';

create function public.retry_job(job_id uuid, stage text default null)
returns jsonb
language plpgsql
-- definer: users may not write jobs and tasks; it asserts the right to control the project itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_job public.generation_jobs := private.job_to_control(retry_job.job_id);
  v_count int;
begin
  if retry_job.stage is not null and not exists (
    select from private.stage_weights() as w where w.stage = retry_job.stage
  ) then
    raise exception 'There is no stage %.', retry_job.stage using errcode = 'CR001',
      hint = 'Use one of ' || (select string_agg(w.stage, ', ' order by w.place) from private.stage_weights() as w) || '.';
  elsif v_job.status in ('pending', 'processing') then
    raise exception 'The job is %; only one that has ended can run again.', v_job.status
      using errcode = 'CR004', hint = 'Wait until it has ended, or cancel it first.';
  elsif v_job.status = 'completed' and retry_job.stage is null then
    raise exception 'The job is completed; nothing of it failed.'
      using errcode = 'CR004', hint = 'Name the stage from which it is to be done again.';
  end if;
  v_count := private.retry(array[retry_job.job_id], retry_job.stage);
  perform private.release();
  return jsonb_build_object('job_id', retry_job.job_id, 'retried_tasks', v_count, 'generation', v_job.generation + 1);
end
$$;
comment on function public.retry_job(uuid, text) is
  'Runs again what failed or was cancelled in a job; what was finished stays. With a stage (also of a completed job), that stage is computed '
  'anew, and what follows from it. Starts the next generation. Returns {job_id, retried_tasks, generation}. Raises CR001, CR002, CR003 or CR004.';

create function public.retry_batch(batch_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write jobs and tasks; it asserts the right to control the project itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_batch public.batches := private.batch_to_control(retry_batch.batch_id);
  v_job_ids uuid [] := array(
    select j.id from public.generation_jobs as j
    where j.tenant_id = v_batch.tenant_id and j.batch_id = v_batch.id
      -- A batch that was withdrawn has no job that failed: running it again means running what was withdrawn.
      and j.status = case v_batch.status when 'cancelled' then 'cancelled' else 'failed' end
    order by j.id
  );
begin
  if v_job_ids = '{}' then
    raise exception 'No job of the batch has failed.'
      using errcode = 'CR004', hint = 'Look at its current state; single jobs can be done again from a stage on.';
  end if;
  perform private.retry(v_job_ids, null);
  perform private.release();
  return private.told_batch(v_batch.id, cardinality(v_job_ids));
end
$$;
comment on function public.retry_batch(uuid) is
  'Runs again what failed in a batch, job by job as retry_job does; of a cancelled batch what was cancelled. Returns {batch_id, status, '
  'paused_at, version, changed_jobs}. Raises CR002, CR003, or CR004 when there is nothing to run again.';

grant execute on function public.retry_job(uuid, text), public.retry_batch(uuid) to authenticated;

create function private.expected_tasks(p_topics jsonb)
returns table (stage text, task_count bigint)
language sql
stable
set search_path = ''
as $$
  with job as materialized (
    select
      -- Scripts aim at scenes of 7.5 seconds, and have an opening and an end at least.
      greatest(2 + n.item_count, round(coalesce((t.value ->> 'duration_s')::numeric, 45) / 7.5)) as scene_count,
      r.platform_count, r.raster_count
    from jsonb_array_elements(p_topics) as t
    cross join lateral (
      select jsonb_array_length(case jsonb_typeof(t.value -> 'library_items') when 'array' then t.value -> 'library_items' else '[]' end)
        as item_count
    ) as n
    cross join lateral (
      select count(*) as platform_count, count(distinct (p.width, p.height)) as raster_count
      from public.platforms as p where t.value -> 'platforms' ? p.platform
    ) as r
  )
  select w.stage, coalesce(sum(case w.stage
    when 'script_generation' then 1
    when 'audio_generation' then job.scene_count
    when 'video_generation' then job.scene_count * job.raster_count
    else job.platform_count end), 0)::bigint
  from private.stage_weights() as w
  left join job on true
  group by w.stage
$$;
comment on function private.expected_tasks(jsonb) is
  'How many tasks of each stage topics will become, as far as that is known before their scripts are.';

create function private.stage_seconds(p_tenant_id uuid)
returns table (stage text, seconds numeric, is_measured boolean)
language sql
stable
set search_path = ''
as $$
  with recent as (
    select a.job_id, a.task_id, extract(epoch from a.finished_at - a.started_at) as seconds
    from public.task_attempts as a
    where a.tenant_id = p_tenant_id and a.job_id >= private.uuid_at(now() - interval '30 days') and a.status = 'completed'
    order by a.job_id desc
    limit 500
  ), measured as (
    select t.stage, avg(r.seconds) as seconds
    from recent as r
    join public.stage_tasks as t on t.job_id = r.job_id and t.id = r.task_id
    group by t.stage
    having count(*) >= 5
  )
  select d.stage, coalesce(m.seconds, d.seconds), m.seconds is not null
  from (values
    ('script_generation', 1.0), ('audio_generation', 3.0), ('video_generation', 8.0), ('platform_adaptation', 3.0),
    ('post_processing', 1.0)
  ) as d (stage, seconds)
  left join measured as m on m.stage = d.stage
$$;
comment on function private.stage_seconds(uuid) is
  'How long a task of each stage takes: the average of the tenant''s last completed attempts, of 30 days and 500 at most, where there are 5 or '
  'more; else what the offline providers take on a machine with two cores.';

create function private.expected_cost(p_tenant_id uuid, p_tasks jsonb)
returns jsonb
language sql
stable
set search_path = ''
as $$
  with price as (
    select t.settings -> 'prices' as v from public.tenants as t
    where t.id = p_tenant_id and jsonb_typeof(t.settings -> 'prices') = 'object'
  ), cost as (
    select round(sum(case jsonb_typeof(price.v -> k.key) when 'number' then (price.v ->> k.key)::numeric * k.value::numeric else 0 end), 4)
      as amount,
      max(case jsonb_typeof(price.v -> 'currency') when 'string' then price.v ->> 'currency' end) as currency
    from price cross join jsonb_each_text(p_tasks) as k
  )
  select jsonb_build_object(
    'currency', coalesce(cost.currency, 'USD'), 'amount', coalesce(cost.amount, 0),
    'basis', case when cost.amount is null
      then 'The offline providers cost nothing. For providers that do, put prices per task into the settings of the tenant, under prices.'
      else 'Prices per task in the settings of the tenant.' end)
  from cost
$$;
comment on function private.expected_cost(uuid, jsonb) is
  'What tasks, counted by stage, cost by the prices in tenants.settings: {"prices": {"currency": "EUR", "script_generation": 0.01, ...}}, per task.';

create function private.free_hands(p_stage text, p_most int)
returns int
language sql
stable
set search_path = ''
as $$
  -- Not least alone, which passes over the null of no worker.
  select case when count(*) > 0 then least(p_most, sum(w.slots)) end::int
  from private.workers as w
  cross join private.settings as s
  where p_stage = any(w.stages) and not w.is_draining and w.heartbeat_at >= now() - s.dead_after
$$;
comment on function private.free_hands(text, int) is 'How many tasks of a stage can run at once: the slots of live workers that take it, under a cap; null without one.';

create function private.estimate(p_project public.projects, p_topics jsonb, p_options jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  v_most int := (
    select least(t.max_concurrent_tasks, p_project.max_concurrent_tasks,
      case jsonb_typeof(p_options -> 'max_concurrent_tasks') when 'number' then (p_options ->> 'max_concurrent_tasks')::numeric end)
    from public.tenants as t where t.id = p_project.tenant_id
  );
  v_tasks jsonb;
  v_seconds int;
  v_measured text;
  v_slots int;
begin
  select
    jsonb_object_agg(w.stage, e.task_count),
    ceil(sum(e.task_count * s.seconds / greatest(1, private.free_hands(w.stage, v_most)))),
    string_agg(w.stage, ', ' order by w.place) filter (where s.is_measured),
    max(private.free_hands(w.stage, v_most))
  into v_tasks, v_seconds, v_measured, v_slots
  from private.stage_weights() as w
  join private.expected_tasks(p_topics) as e on e.stage = w.stage
  join private.stage_seconds(p_project.tenant_id) as s on s.stage = w.stage;
  return jsonb_build_object(
    'tasks', v_tasks, 'seconds', v_seconds, 'cost', private.expected_cost(p_project.tenant_id, v_tasks),
    'basis', concat_ws(' ',
      'Measured on your own recent tasks: ' || v_measured || '.',
      case when v_measured is null then 'No stage has run often enough to be measured: what the offline providers take on two cores.'
        else 'Other stages: what the offline providers take on two cores.' end,
      case when v_slots is null then 'No worker is running: as if one task ran at a time.'
        else format('%s tasks run at a time.', v_slots) end,
      'Other work in the queue, and results that are there already, are not counted.'));
end
$$;
comment on function private.estimate(public.projects, jsonb, jsonb) is 'What a batch of these topics, which have no problems, takes and costs, and on what that rests.';

create function private.new_project()
returns public.projects
language plpgsql
stable
set search_path = ''
as $$
declare
  v_project public.projects;
begin
  v_project.tenant_id := private.acting_tenant_id();
  if not private.has_role('editor') then
    raise exception 'Your role does not allow you to create projects.'
      using errcode = 'CR003', hint = 'Ask an admin or owner to make you an editor.';
  end if;
  return v_project;
end
$$;
comment on function private.new_project() is 'A project that the caller may create, and has not created yet.';

create function public.check_batch(project_id uuid, topics jsonb, options jsonb default '{}')
returns jsonb
language plpgsql
stable
-- definer: reads what workers there are; it asserts tenant, role and project itself.
security definer
set search_path = ''
as $$
declare
  v_project public.projects := case when check_batch.project_id is null then private.new_project()
    else private.check_may_create(check_batch.project_id) end;
  v_problems jsonb := private.request_problems(topics, options);
  v_usable jsonb := '[]';
begin
  if private.is_topic_list(topics) then
    select coalesce(jsonb_agg(t.value order by t.ordinality), '[]') into v_usable
    from jsonb_array_elements(topics) with ordinality as t
    -- Not `<> all`, which would go through the whole list for each topic.
    where t.ordinality not in (
      select (p ->> 'row')::bigint from jsonb_array_elements(v_problems) as p where p ->> 'row' is not null
    );
  end if;
  return jsonb_build_object('problems', v_problems, 'job_count', jsonb_array_length(v_usable),
    'estimate', private.estimate(v_project, v_usable, options));
end
$$;
comment on function public.check_batch(uuid, jsonb, jsonb) is
  'The dry run of create_batch: creates nothing. Without a project (null) for one that is still to be created. Returns {problems: [{row, field, '
  'reason}], job_count, estimate: {tasks: by stage, seconds, basis, cost: {currency, amount, basis}}}; rows with problems are not counted. '
  'Raises CR002 or CR003.';

grant execute on function public.check_batch(uuid, jsonb, jsonb) to authenticated;
