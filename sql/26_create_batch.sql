-- create_batch: topics in, one transaction. Validates, inserts batch, jobs and first tasks, releases, enqueues.

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
      ('images', case when jsonb_typeof(t.v -> 'images') not in ('array', 'null') or jsonb_path_exists(t.v, '$.images[50]')
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
    cross join lateral jsonb_object_keys(t.v - '{topic,brief,audience,tone,script_type,priority,language,voice}'::text []
      - '{duration_s,platforms,images,metadata}'::text []) as k (field)
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
      when 'job_type' then case when p_options ->> 'job_type' not in ('single', 'batch') then 'is neither single nor batch' end
    end as reason
  ) as p
  where p.reason is not null
$$;
comment on function private.option_problems(jsonb) is 'Everything wrong with the options of a batch; null when nothing is. Options of other names are kept as they are.';

create function private.check_request(p_topics jsonb, p_options jsonb)
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  v_count int := case jsonb_typeof(p_topics) when 'array' then jsonb_array_length(p_topics) else 0 end;
  v_problems jsonb;
begin
  if coalesce(v_count, 0) not between 1 and 10000 then
    raise exception 'A batch takes a list of 1 to 10,000 topics.'
      using errcode = 'CR001', hint = 'Split a longer list into several batches.';
  elsif jsonb_typeof(p_options) is distinct from 'object' then
    raise exception 'The options of a batch are an object.' using errcode = 'CR001', hint = 'Send {} for none.';
  end if;
  v_problems := coalesce(private.option_problems(p_options), '[]') || coalesce(private.topic_problems(p_topics), '[]');
  if v_problems <> '[]' then
    raise exception '% of the topics and options cannot be used.', (
      select count(distinct coalesce(p ->> 'row', p ->> 'field')) from jsonb_array_elements(v_problems) as p)
      using errcode = 'CR001', detail = v_problems::text, hint = 'Correct the rows and fields named, or leave them out.';
  end if;
end
$$;
comment on function private.check_request(jsonb, jsonb) is 'Raises CR001, with every problem in the detail, unless a batch can be made of this.';

create function private.check_may_create(p_project_id uuid)
returns public.projects
language plpgsql
stable
set search_path = ''
as $$
declare
  v_project public.projects;
begin
  if private.tenant_id() is null then
    raise exception 'You are not signed in to a tenant.'
      using errcode = 'CR003', hint = 'Sign in, or ask an owner to invite you.';
  end if;
  select * into v_project from public.projects
  where id = p_project_id and tenant_id = private.tenant_id() and deleted_at is null;
  if not found then
    raise exception 'There is no project %.', p_project_id
      using errcode = 'CR002', hint = 'List the projects, and use the id of one of them.';
  end if;
  if not exists (select from private.controlled_project_ids() as c where c = p_project_id) then
    raise exception 'Your role does not allow you to create jobs in this project.'
      using errcode = 'CR003', hint = 'Ask its owner to add you as an editor.';
  end if;
  return v_project;
end
$$;
comment on function private.check_may_create(uuid) is 'The project, if the caller may create jobs in it; raises otherwise.';

create function private.insert_jobs(p_batch public.batches, p_topics jsonb, p_job_type text)
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
      jsonb_strip_nulls(t.value - array['topic', 'platforms', 'priority']), 'script_generation'
    from jsonb_array_elements(p_topics) with ordinality as t
    returning id, lane
  )
  insert into public.stage_tasks (job_id, tenant_id, project_id, batch_id, stage, position, lane)
  select job.id, p_batch.tenant_id, p_batch.project_id, p_batch.id, 'script_generation', 0, job.lane from job
$$;
comment on function private.insert_jobs(public.batches, jsonb, text) is 'One job and its first task for each topic, in order.';

create function private.insert_batch(p_project public.projects, p_options jsonb)
returns public.batches
language plpgsql
set search_path = ''
as $$
declare
  v_batch public.batches;
  v_number bigint;
begin
  update public.tenants set last_batch_number = last_batch_number + 1
  where id = p_project.tenant_id
  returning last_batch_number into v_number;
  insert into public.batches (tenant_id, project_id, number, title, options, max_concurrent_tasks, created_by)
  values (p_project.tenant_id, p_project.id, v_number, coalesce(p_options ->> 'title', ''),
    p_options - array['title', 'max_concurrent_tasks', 'job_type'],
    (p_options ->> 'max_concurrent_tasks')::int, private.user_id())
  returning * into v_batch;
  return v_batch;
end
$$;
comment on function private.insert_batch(public.projects, jsonb) is 'A new batch of a project, with the tenant''s next number.';

create function private.batch_of_key(p_project public.projects, p_key text, p_request jsonb)
returns public.batches
language plpgsql
set search_path = ''
as $$
declare
  v_hash text := encode(sha256(convert_to(p_request::text, 'UTF8')), 'hex');
  v_known public.idempotency_keys;
  v_batch public.batches;
begin
  if length(p_key) not between 1 and 200 then
    raise exception 'The idempotency key has % characters.', length(p_key)
      using errcode = 'CR001', hint = 'Use 1 to 200 characters, for example a random UUID.';
  end if;
  insert into public.idempotency_keys (tenant_id, key, request_hash) values (p_project.tenant_id, p_key, v_hash)
  on conflict (tenant_id, key) do nothing;
  if not found then
    select * into v_known from public.idempotency_keys where tenant_id = p_project.tenant_id and key = p_key;
    if v_known.request_hash <> v_hash then
      raise exception 'This idempotency key was used for another request.'
        using errcode = 'CR004', hint = 'Use a new key for a new request.';
    end if;
    select * into v_batch from public.batches where id = v_known.batch_id;
  end if;
  return v_batch;
end
$$;
comment on function private.batch_of_key(public.projects, text, jsonb) is
  'The batch that an idempotency key has made already; null for a new key, which is kept. Raises CR004 when the key was used for another request.';

create function public.create_batch(
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
  'voice?, images?}, in one transaction. Options: title, max_concurrent_tasks, job_type. The same idempotency key and request again return '
  'the same batch. Raises CR001 with every problem in the detail, CR002, CR003 or CR004.';
grant execute on function public.create_batch(uuid, jsonb, jsonb, text) to authenticated;
