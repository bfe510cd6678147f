-- Batches have their budget from their first task on; dry runs of any length, with the scenes that are reused; what the cache saved by what was paid.

drop function public.check_batch(uuid, jsonb, jsonb);
drop function private.request_problems(jsonb, jsonb, int);
drop function private.is_topic_list(jsonb);
drop function private.judge_budgets(uuid []);
drop function public.cache_statistics(timestamptz, timestamptz, text);

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

create or replace function private.check_request(p_topics jsonb, p_options jsonb, p_after int default 0)
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

create or replace function private.insert_batch(p_project public.projects, p_options jsonb)
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
    p_options - array['title', 'max_concurrent_tasks', 'job_type', 'is_filling', 'budget'],
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
  'voice?, images?, library_items?, reuse?, metadata?, after_rows?, after_condition?, after_failure?, deadline?, on_deadline?}, in one transaction. Options: title, max_concurrent_tasks, budget (the most it may cost in all, as set_budget), job_type, is_filling (more topics follow by append_topics), starts_at, after, after_condition, after_failure, deadline, on_deadline, reuse. The same idempotency key and request again return '
  'the same batch. Raises CR001 with every problem in the detail, CR002, CR003 or CR004.';

create or replace function private.add_costs(p_costs private.cost [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into public.cost_totals as c (
    tenant_id, project_id, batch_id, month, currency, amount, call_count, task_count, input_tokens, output_tokens, characters, seconds
  )
  select p.tenant_id, s.project_id, s.batch_id, date_trunc('month', now() at time zone 'utc')::date, p.currency, sum(p.amount),
    sum(p.calls), sum(p.tasks), sum(p.input_tokens), sum(p.output_tokens), sum(p.characters), sum(p.seconds)
  from unnest(p_costs) as p
  cross join lateral (
    values (null::uuid, null::uuid), (p.project_id, null), (p.project_id, p.batch_id)
  ) as s (project_id, batch_id)
  group by p.tenant_id, s.project_id, s.batch_id, p.currency
  on conflict (scope_id, month, currency) do update
  set amount = c.amount + excluded.amount, call_count = c.call_count + excluded.call_count,
    task_count = c.task_count + excluded.task_count, input_tokens = c.input_tokens + excluded.input_tokens,
    output_tokens = c.output_tokens + excluded.output_tokens, characters = c.characters + excluded.characters,
    seconds = c.seconds + excluded.seconds, updated_at = now();
  perform private.judge_budgets(array(
    select s.id from unnest(p_costs) as p cross join lateral (values (p.tenant_id), (p.project_id), (p.batch_id)) as s (id) group by s.id
  ));
end
$$;
comment on function private.add_costs(private.cost []) is
  'Adds what was paid to the totals of batch, project and tenant, and holds them against their budgets. The tenants are locked.';

create function private.judge_budgets(p_scope_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_budget public.budgets;
  v_was public.budgets;
  v_changed uuid [] := '{}';
  v_spent numeric;
begin
  for v_was in select b.* from public.budgets as b where b.scope_id = any(p_scope_ids) order by b.id loop
    v_spent := private.spent(v_was);
    if (v_spent >= v_was.amount) <> (v_was.exceeded_at is not null) or (v_spent >= 0.8 * v_was.amount) <> (v_was.warned_at is not null) then
      update public.budgets as b
      set exceeded_at = case when v_spent >= b.amount then coalesce(b.exceeded_at, now()) end,
        warned_at = case when v_spent >= 0.8 * b.amount then coalesce(b.warned_at, now()) end
      where b.id = v_was.id returning b.* into v_budget;
      if (v_budget.exceeded_at is null) <> (v_was.exceeded_at is null) then
        v_changed := v_changed || v_budget.tenant_id;
      end if;
      if v_budget.exceeded_at is not null and v_was.exceeded_at is null then
        perform private.tell_budget(v_budget, 'budget.exceeded');
      elsif v_budget.warned_at is not null and v_was.warned_at is null then
        perform private.tell_budget(v_budget, 'budget.warned');
      end if;
    end if;
  end loop;
  if v_changed <> '{}' then
    perform private.close_backlogs(v_changed);
  end if;
end
$$;
comment on function private.judge_budgets(uuid []) is
  'Holds the budgets of tenants, projects and batches against what was paid: warns at four fifths, closes what costs when they are used up, opens it '
  'when they no longer are. Their tenants are locked.';

create or replace function private.recheck_budgets(p_tenant_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_tenant_ids uuid [] := array(select d.id from private.budget_tenant_ids() as d (id) where d.id = any(p_tenant_ids));
begin
  if v_tenant_ids <> '{}' then
    delete from private.budget_rechecks where tenant_id = any(v_tenant_ids);
    -- Of another month. A budget of zero is used up in this one too.
    update public.budgets as b set exceeded_at = null, warned_at = null
    where b.tenant_id = any(v_tenant_ids) and b.period = 'month'
      and coalesce(b.exceeded_at, b.warned_at) < date_trunc('month', now() at time zone 'utc') at time zone 'utc' and b.amount > 0;
    update public.budgets as b set exceeded_at = now(), warned_at = now()
    where b.tenant_id = any(v_tenant_ids) and b.period = 'month'
      and b.exceeded_at < date_trunc('month', now() at time zone 'utc') at time zone 'utc';
    perform private.judge_budgets(array(select b.scope_id from public.budgets as b where b.tenant_id = any(v_tenant_ids))),
      private.close_backlogs(v_tenant_ids);
  end if;
end
$$;
comment on function private.recheck_budgets(uuid []) is 'Looks at the budgets that are due, of these tenants, which are locked.';

create or replace function private.write_budget(p_budget public.budgets)
returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  if p_budget.amount is null then
    delete from public.budgets as b where b.scope_id = p_budget.scope_id and b.period = p_budget.period returning b.* into p_budget;
    if not found then
      raise exception 'There is no such budget.' using errcode = 'CR002', hint = 'List the budgets, and name one of them.';
    end if;
    perform private.close_backlogs(array[p_budget.tenant_id]);
    p_budget.exceeded_at := null;
    p_budget.warned_at := null;
  else
    insert into public.budgets as b (tenant_id, project_id, batch_id, period, amount, currency)
    values (p_budget.tenant_id, p_budget.project_id, p_budget.batch_id, p_budget.period, p_budget.amount,
      private.currency_of(p_budget.tenant_id))
    on conflict (scope_id, period) do update set amount = excluded.amount, currency = excluded.currency
    returning b.* into p_budget;
    perform private.judge_budgets(array[p_budget.scope_id]);
    select b.* into p_budget from public.budgets as b where b.id = p_budget.id;
  end if;
  perform private.release();
  return private.told_budget(p_budget);
end
$$;
comment on function private.write_budget(public.budgets) is
  'Sets a budget of a tenant, which is locked, or with an amount of null removes it; releases what may run again.';

create or replace function private.expected_tasks(p_topics jsonb)
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
    else job.platform_count end) filter (where job.scene_count is not null), 0)::bigint
  from private.stage_weights() as w
  left join job on true
  group by w.stage
$$;
comment on function private.expected_tasks(jsonb) is
  'How many tasks of each stage topics will become, as far as that is known before their scripts are.';

create function public.check_batch(project_id uuid, topics jsonb, options jsonb default '{}', "position" int default 1)
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
  -- As many as a batch that is filled in chunks may have.
  v_most constant int := 1000000;
  v_problems jsonb := private.request_problems(topics, options, check_batch.position - 1, v_most);
  v_usable jsonb := '[]';
begin
  if private.is_topic_list(topics, v_most) and jsonb_typeof(options) = 'object' then
    select coalesce(jsonb_agg(t.value order by t.ordinality), '[]') into v_usable
    from jsonb_array_elements(topics) with ordinality as t
    -- Not `<> all`, which would go through the whole list for each topic.
    where t.ordinality not in (
      select (p ->> 'row')::bigint from jsonb_array_elements(v_problems) as p where p ->> 'row' is not null
    );
    v_usable := coalesce(private.with_library_items(v_usable, case
      when v_problems @> '[{"row": null, "field": "reuse"}]' then options - 'reuse' else options end), '[]');
  end if;
  return jsonb_build_object('problems', v_problems, 'job_count', jsonb_array_length(v_usable),
    'estimate', private.estimate(v_project, v_usable, options));
end
$$;
comment on function public.check_batch(uuid, jsonb, jsonb, int) is
  'The dry run of create_batch: creates nothing. Without a project (null) for one that is still to be created. Takes up to a million topics; of a list '
  'that is checked in chunks position is the place of the first of them, and the figures add up. Returns {problems: [{row, field, '
  'reason}], job_count, estimate: {tasks: by stage, seconds, basis, cost: {currency, amount, stages, basis}}}; rows with problems are not counted. '
  'Raises CR002 or CR003.';

create function public.cache_statistics(since timestamptz default null, until timestamptz default null, by text default 'stage')
returns table (
  value text, hits bigint, misses bigint, hit_rate numeric, seconds_spent numeric, seconds_saved numeric, bytes_stored bigint, bytes_saved bigint,
  cost_saved numeric, currency text
)
language plpgsql
stable
-- definer: what a task costs follows from what workers say of their providers; it asserts the tenant itself.
security definer
set search_path = ''
as $$
declare
  v_tenant_id uuid := private.acting_tenant_id();
  v_currency text := private.currency_of(v_tenant_id);
begin
  if cache_statistics.by not in ('stage', 'project', 'day', 'tenant') then
    raise exception 'The figures cannot be parted by %.', cache_statistics.by
      using errcode = 'CR001', hint = 'Use stage, project, day or tenant.';
  end if;
  return query
  with price as materialized (
    select w.stage, private.task_cost(v_tenant_id, w.stage) as amount from private.stage_weights() as w
  ), task as (
    select t.stage, t.is_reused, a.size_bytes, case cache_statistics.by
        when 'stage' then t.stage when 'project' then t.project_id::text when 'day' then to_char(t.completed_at at time zone 'utc', 'YYYY-MM-DD')
        else t.tenant_id::text end as part,
      extract(epoch from m.finished_at - m.started_at) as seconds,
      -- What its maker paid, and attempts before it whose calls it found; of a maker that is gone, what it would be now.
      case when t.is_reused then case when m.id is not null then case when m.currency = v_currency then m.cost else 0 end + (
        select coalesce(sum(c.cost), 0) from public.provider_calls as c
        where c.tenant_id = a.tenant_id and c.content_key = a.content_key and c.attempt_id <> a.attempt_id and c.currency = v_currency
      ) else price.amount end end as cost
    from public.stage_tasks as t
    join price on price.stage = t.stage
    left join public.artifacts as a on a.tenant_id = t.tenant_id and a.content_key = t.content_key
    left join public.task_attempts as m on m.job_id = a.job_id and m.id = a.attempt_id
    where t.tenant_id = v_tenant_id and t.status = 'completed'
      and t.completed_at >= coalesce(since, now() - interval '30 days') and t.completed_at < coalesce(until, 'infinity')
  )
  select task.part, count(*) filter (where task.is_reused), count(*) filter (where not task.is_reused),
    round(count(*) filter (where task.is_reused)::numeric / count(*), 4),
    round(coalesce(sum(task.seconds) filter (where not task.is_reused), 0), 3),
    round(coalesce(sum(task.seconds) filter (where task.is_reused), 0), 3),
    coalesce(sum(task.size_bytes) filter (where not task.is_reused), 0)::bigint,
    coalesce(sum(task.size_bytes) filter (where task.is_reused), 0)::bigint,
    round(coalesce(sum(task.cost), 0), 4), v_currency
  from task
  group by task.part
  order by task.part;
end
$$;
comment on function public.cache_statistics(timestamptz, timestamptz, text) is
  'What equal content being made only once saved in the caller''s tenant, of tasks completed in a time (default: the last 30 days), by stage, project, day '
  '(UTC) or tenant: hits and misses; seconds that the attempts took, and those that would have been taken again; bytes stored, and not stored again; '
  'what the results cost that were found again, in the currency the tenant pays in. Of results whose maker is gone the seconds are not known, and count as '
  '0, and the cost is what a task of the stage is expected to cost now. Raises CR001 or CR003.';

grant execute on function
public.check_batch(uuid, jsonb, jsonb, int), public.cache_statistics(timestamptz, timestamptz, text)
to authenticated;
