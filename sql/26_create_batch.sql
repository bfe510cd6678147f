-- create_batch: topics in, one transaction. Validates, inserts batch, jobs and first tasks, releases, enqueues.

create function private.as_problem(p_row bigint, p_field text, p_reason text)
returns jsonb
language sql
immutable
set search_path = ''
return jsonb_build_object('row', p_row, 'field', p_field, 'reason', p_reason);
comment on function private.as_problem(bigint, text, text) is 'One reason why a topic cannot be used, with its place from 1.';

create function private.topic_problems(p_topics jsonb)
returns jsonb
language sql
stable
set search_path = ''
as $$
  with topic as (
    select t.ordinality as n, t.value as v from jsonb_array_elements(p_topics) with ordinality as t
  ), problem as (
    select n, 'topic' as field, 'is missing or empty' as reason from topic
    where jsonb_typeof(v) <> 'object' or coalesce(btrim(v ->> 'topic'), '') = ''
    union all
    select n, 'topic', 'is longer than 500 characters' from topic where length(v ->> 'topic') > 500
    union all
    select n, 'brief', 'is longer than 50,000 characters' from topic where length(v ->> 'brief') > 50000
    union all
    select n, 'tone', format('%L is not one of professional, casual, educational, entertaining, motivational', v ->> 'tone')
    from topic
    where v ->> 'tone' not in ('professional', 'casual', 'educational', 'entertaining', 'motivational')
    union all
    select n, 'script_type', format('%L is not one of explainer, tutorial, story, demo, testimonial', v ->> 'script_type')
    from topic where v ->> 'script_type' not in ('explainer', 'tutorial', 'story', 'demo', 'testimonial')
    union all
    select n, 'priority', format('%L is not one of urgent, premium, standard', v ->> 'priority')
    from topic where v ->> 'priority' not in ('urgent', 'premium', 'standard')
    union all
    select n, 'duration_s', 'is not a whole number from 5 to 600' from topic
    where v -> 'duration_s' is not null and jsonb_typeof(v -> 'duration_s') <> 'null'
      and (jsonb_typeof(v -> 'duration_s') <> 'number' or (v ->> 'duration_s')::numeric not between 5 and 600
        or (v ->> 'duration_s')::numeric % 1 <> 0)
    union all
    select n, 'platforms', 'names no platform' from topic
    where jsonb_typeof(v -> 'platforms') <> 'array' or jsonb_array_length(v -> 'platforms') = 0
      or v -> 'platforms' is null
    union all
    select t.n, 'platforms', format('%L is not a platform; choose from %s', p.name, (
      select string_agg(r.platform, ', ' order by r.platform) from public.platforms as r where r.is_offered))
    from topic as t
    cross join lateral jsonb_array_elements_text(
      case jsonb_typeof(t.v -> 'platforms') when 'array' then t.v -> 'platforms' else '[]'::jsonb end) as p (name)
    where not exists (select from public.platforms as r where r.platform = p.name and r.is_offered)
    union all
    select n, 'images', 'is not a list of stored files' from topic
    where v -> 'images' is not null and jsonb_typeof(v -> 'images') not in ('array', 'null')
  )
  select jsonb_agg(private.as_problem(n, field, reason) order by n, field) from problem
$$;
comment on function private.topic_problems(jsonb) is 'Everything wrong with a list of topics; null when nothing is.';

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

create function public.create_batch(
  project_id uuid, topics jsonb, options jsonb default '{}', idempotency_key text default null
)
returns jsonb
language plpgsql
-- definer: users may not write jobs and tasks; it asserts tenant, role and project itself.
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_project public.projects := private.check_may_create(create_batch.project_id);
  v_batch public.batches;
  v_problems jsonb;
  v_key public.idempotency_keys;
  v_hash text := encode(sha256(convert_to(jsonb_build_array(
    create_batch.project_id, create_batch.topics, create_batch.options)::text, 'UTF8')), 'hex');
begin
  if jsonb_typeof(topics) is distinct from 'array' or jsonb_array_length(topics) not between 1 and 10000 then
    raise exception 'A batch takes a list of 1 to 10,000 topics.'
      using errcode = 'CR001', hint = 'Split a longer list into several batches.';
  end if;
  v_problems := private.topic_problems(topics);
  if v_problems is not null then
    raise exception '% of the topics cannot be used.', (select count(distinct p -> 'row') from jsonb_array_elements(v_problems) as p)
      using errcode = 'CR001', detail = v_problems::text, hint = 'Correct the rows named, or leave them out.';
  end if;
  perform private.lock_tenant(v_project.tenant_id);
  perform private.ensure_month(now());
  if idempotency_key is not null then
    select * into v_key from public.idempotency_keys as k
    where k.tenant_id = v_project.tenant_id and k.key = create_batch.idempotency_key;
    if found and v_key.request_hash <> v_hash then
      raise exception 'This idempotency key was used for another request.'
        using errcode = 'CR004', hint = 'Use a new key for a new request.';
    elsif found then
      select * into v_batch from public.batches where id = v_key.batch_id;
      return jsonb_build_object('batch_id', v_batch.id, 'number', v_batch.number, 'job_count', v_batch.job_count, 'is_new', false);
    end if;
  end if;
  v_batch := private.insert_batch(v_project, options);
  if idempotency_key is not null then
    insert into public.idempotency_keys (tenant_id, key, request_hash, batch_id)
    values (v_project.tenant_id, create_batch.idempotency_key, v_hash, v_batch.id);
  end if;
  perform private.insert_jobs(v_batch, topics, coalesce(options ->> 'job_type', 'batch'));
  perform private.release();
  return jsonb_build_object('batch_id', v_batch.id, 'number', v_batch.number, 'job_count', jsonb_array_length(topics), 'is_new', true);
end
$$;
comment on function public.create_batch(uuid, jsonb, jsonb, text) is
  'Creates a batch: one job per topic object {topic, platforms, brief?, audience?, tone?, script_type?, language?, duration_s?, priority?, '
  'voice?, images?}, in one transaction. Options: title, max_concurrent_tasks, job_type. The same idempotency key and request again return '
  'the same batch. Raises CR001 with every problem in the detail, CR002, CR003 or CR004.';
grant execute on function public.create_batch(uuid, jsonb, jsonb, text) to authenticated;
