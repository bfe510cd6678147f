-- create_batch: topics in, one transaction. Validates, inserts batch, jobs and first tasks, releases, enqueues.

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
  'The scenes of library items, in order, in the version named: what becomes of an item later changes no job. Null for none.';

create function private.count_library_use(p_topics jsonb)
returns void
language sql
set search_path = ''
as $$
  with used as (
    select split_part(i.value, '@', 1)::uuid as id, count(*)::int as times
    from jsonb_array_elements(p_topics) as t
    cross join lateral jsonb_array_elements_text(
      case jsonb_typeof(t.value -> 'library_items') when 'array' then t.value -> 'library_items' else '[]' end) as i
    group by split_part(i.value, '@', 1)::uuid
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

create function private.insert_jobs(p_batch public.batches, p_topics jsonb, p_job_type text, p_after int)
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
  insert into public.batches (tenant_id, project_id, number, title, options, max_concurrent_tasks, created_by, is_filling)
  values (p_project.tenant_id, p_project.id, v_number, coalesce(p_options ->> 'title', ''),
    p_options - array['title', 'max_concurrent_tasks', 'job_type', 'is_filling', 'list_sha256', 'budget'],
    (p_options ->> 'max_concurrent_tasks')::int, private.user_id(), coalesce((p_options ->> 'is_filling')::boolean, false))
  returning * into v_batch;
  if p_options ->> 'budget' is not null then
    -- Before its tasks are there: one of nothing holds them from the start.
    insert into public.budgets (tenant_id, batch_id, period, amount, currency)
    values (v_batch.tenant_id, v_batch.id, 'total', (p_options ->> 'budget')::numeric, private.currency_of(v_batch.tenant_id));
    perform private.judge_budgets(array[v_batch.id]);
  end if;
  return private.apply_timing(v_batch);
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
        using errcode = 'CR004', detail = 'IDEMPOTENCY_KEY_REUSED', hint = 'Use a new key for a new request.';
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
    topics := private.with_library_items(topics, options);
    v_batch := private.insert_batch(v_project, options);
    perform private.insert_jobs(v_batch, topics, coalesce(options ->> 'job_type', 'batch'), 0);
    perform private.apply_waits(v_batch, topics);
    perform private.count_library_use(topics);
    update public.idempotency_keys as k set batch_id = v_batch.id
    where k.tenant_id = v_project.tenant_id and k.key = create_batch.idempotency_key;
    perform private.release();
  end if;
  return (
    select jsonb_build_object('batch_id', b.id, 'number', b.number, 'job_count', b.job_count, 'topic_count', private.topic_count(b),
      'is_filling', b.is_filling, 'is_new', v_is_new,
      'expected_cost', private.expected_batch_cost(b.tenant_id, create_batch.topics))
    from public.batches as b where b.id = v_batch.id);
end
$$;
comment on function public.create_batch(uuid, jsonb, jsonb, text) is
  'Creates a batch: one job per topic object {topic, platforms, brief?, audience?, tone?, script_type?, language?, duration_s?, priority?, '
  'voice?, images?, library_items?, reuse?, metadata?, after_rows?, after_condition?, after_failure?, deadline?, on_deadline?}, in one transaction. Options: title, max_concurrent_tasks, budget (the most it may cost in all, as set_budget), pause_after (the stage after which each job pauses by itself, to be looked at), job_type, is_filling (more topics follow by append_topics), list_sha256 (of all of them, so that the same idempotency key is refused for another list), starts_at, after, after_condition, after_failure, deadline, on_deadline, reuse. The same idempotency key and request again return '
  'the same batch. Raises CR001 with every problem in the detail, CR002, CR003 or CR004.';
grant execute on function public.create_batch(uuid, jsonb, jsonb, text) to authenticated;
