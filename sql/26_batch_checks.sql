-- Who may make and control batches, and what may stand in a request for one.

create function private.as_problem(p_row bigint, p_field text, p_reason text)
returns jsonb
language sql
immutable
set search_path = ''
return jsonb_build_object('row', p_row, 'field', p_field, 'reason', p_reason);
comment on function private.as_problem(bigint, text, text) is 'One reason why a topic (its place from 1) or an option (no place) cannot be used.';

create function private.is_own_file(p_file jsonb)
returns boolean
language sql
stable
set search_path = ''
return jsonb_typeof(p_file) = 'object'
  and p_file ?& array['role', 'name', 'sha256', 'path', 'size_bytes', 'media_type']
  -- Workers read every tenant's files: a path into another tenant's folder would show its files to this one.
  and starts_with(p_file ->> 'path', private.tenant_id() || '/') and p_file ->> 'path' !~ '(^|/)\.\.?(/|$)';
comment on function private.is_own_file(jsonb) is 'Whether this describes a stored file in the folder of the caller''s tenant.';

create function private.topic_choices()
returns table (field text, allowed text [])
language sql
stable
set search_path = ''
as $$
  values
  ('tone', array['professional', 'casual', 'educational', 'entertaining', 'motivational']),
  ('script_type', array['explainer', 'tutorial', 'story', 'demo', 'testimonial']),
  ('priority', array['urgent', 'premium', 'standard']),
  ('platforms', array(select r.platform from public.platforms as r where r.is_offered order by r.platform))
$$;
comment on function private.topic_choices() is 'The fields of a topic that take one of a list, or several.';

create function private.topic_problems(p_topics jsonb)
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
      select t.v - '{topic,brief,audience,tone,script_type,priority,language,voice,duration_s,platforms,images,library_items,reuse,metadata,after_rows,after_condition,after_failure,deadline,on_deadline}'::text []
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
    then jsonb_build_object('scene_type', v.scene_type, 'voiceover_text', v.voiceover_text,
      'visual_description', v.visual_description, 'heading', v.heading, 'points', v.points)
    -- Of another tenant's scene there is only what it shares.
    else jsonb_build_object('scene_type', 'main_content', 'voiceover_text', c.preview_text,
      'visual_description', c.preview_text, 'heading', '', 'points', '[]'::jsonb) end
  from public.content_library as c
  join public.scenes as s on s.id = c.scene_id
  join public.library_versions as v on v.item_id = c.id
    and v.number = coalesce(case when p_item_id ~ '@[1-9][0-9]{0,5}$' then split_part(p_item_id, '@', 2)::int end, c.latest_version)
  where c.id = case when pg_catalog.lower(p_item_id) ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(@[1-9][0-9]{0,5})?$'
      then split_part(p_item_id, '@', 1)::uuid end
    and (c.tenant_id = private.tenant_id() or c.library_category = 'public');
end
$$;
comment on function private.library_scene(text) is
  'A scene of the library as a script takes it, by the id of the item, or item@version (default: the latest); no row unless it is the caller''s own or public. Of a public scene of '
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

create function private.option_problems(p_options jsonb)
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
      when 'list_sha256' then case when o.value::text !~ '^("[0-9a-f]{64}"|null)$' then 'is not 64 digits of 0-9 and a-f' end
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

create function private.is_topic_list(p_topics jsonb, p_most int default 10000)
returns boolean
language sql
immutable
set search_path = ''
return case jsonb_typeof(p_topics) when 'array' then jsonb_array_length(p_topics) between 1 and p_most else false end;
comment on function private.is_topic_list(jsonb, int) is 'Whether this is a list of topics, so many at most (by default those that one call makes jobs of), whatever stands in it.';

create function private.request_problems(p_topics jsonb, p_options jsonb, p_after int default 0, p_most int default 10000)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  if not private.is_topic_list(p_topics, p_most) then
    return jsonb_build_array(private.as_problem(null, 'topics', format('is not a list of 1 to %s topics', to_char(p_most, 'FM9,999,999'))));
  elsif jsonb_typeof(p_options) is distinct from 'object' then
    return jsonb_build_array(private.as_problem(null, 'options', 'is not an object'));
  end if;
  return coalesce(private.option_problems(p_options), '[]') || coalesce(private.timing_problems(p_options), '[]') || coalesce(private.topic_problems(p_topics), '[]')
    || coalesce(private.library_problems(p_topics), '[]') || coalesce(private.wait_problems(p_topics, p_after), '[]')
    || coalesce(private.lane_problems(p_topics), '[]') || coalesce(private.reuse_problems(p_topics, p_options), '[]');
end
$$;
comment on function private.request_problems(jsonb, jsonb, int, int) is
  'Everything wrong with the options of a batch and its topics, so many at most, which come after so many others; an empty list when nothing is.';

create function private.check_request(p_topics jsonb, p_options jsonb, p_after int default 0)
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
      using errcode = 'CR001', hint = 'Send a longer list in chunks: the first with the option is_filling, the others by append_topics.';
  elsif jsonb_typeof(p_options) is distinct from 'object' then
    raise exception 'The options of a batch are an object.' using errcode = 'CR001', hint = 'Send {} for none.';
  end if;
  v_problems := private.request_problems(p_topics, p_options, p_after);
  if v_problems <> '[]' then
    raise exception '% of the topics and options cannot be used.', (
      select count(distinct coalesce(p ->> 'row', p ->> 'field')) from jsonb_array_elements(v_problems) as p)
      using errcode = 'CR001', detail = v_problems::text, hint = 'Correct the rows and fields named, or leave them out.';
  end if;
end
$$;
comment on function private.check_request(jsonb, jsonb, int) is
  'Raises CR001, with every problem in the detail, unless a batch can be made of this.';

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

create function private.check_may_create(p_project_id uuid)
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
comment on function private.check_may_create(uuid) is 'The project, if the caller may create jobs in it; raises otherwise.';
