-- A key of a list that goes in chunks is refused for a list that differs in a later one.

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

comment on function public.create_batch(uuid, jsonb, jsonb, text) is
  'Creates a batch: one job per topic object {topic, platforms, brief?, audience?, tone?, script_type?, language?, duration_s?, priority?, '
  'voice?, images?, library_items?, reuse?, metadata?, after_rows?, after_condition?, after_failure?, deadline?, on_deadline?}, in one transaction. Options: title, max_concurrent_tasks, budget (the most it may cost in all, as set_budget), pause_after (the stage after which each job pauses by itself, to be looked at), job_type, is_filling (more topics follow by append_topics), list_sha256 (of all of them, so that the same idempotency key is refused for another list), starts_at, after, after_condition, after_failure, deadline, on_deadline, reuse. The same idempotency key and request again return '
  'the same batch. Raises CR001 with every problem in the detail, CR002, CR003 or CR004.';
