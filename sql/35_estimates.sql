-- The dry run: what is wrong with a request, and what a batch made of the rest would take and cost.

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
    else job.platform_count end) filter (where job.scene_count is not null), 0)::bigint
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
grant execute on function public.check_batch(uuid, jsonb, jsonb, int) to authenticated;
