-- A follower that missed what became of a budget learns of it with the rest that changed.

create index budget_events_tenant_id_created_at on public.budget_events (tenant_id, created_at);

create function private.told_budget_event(p_event public.budget_events)
returns jsonb
language sql
stable
set search_path = ''
return to_jsonb(p_event) - array['tenant_id', 'project_id', 'batch_id']
  || jsonb_build_object('amount', trim_scale(p_event.amount), 'spent', trim_scale(p_event.spent));
comment on function private.told_budget_event(public.budget_events) is 'What became of a budget, as people are told of it.';
grant execute on function private.told_budget_event(public.budget_events) to authenticated, service_role;

create or replace function public.list_budget_events(scope_id uuid default null, before_id uuid default null, max_rows int default 100)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_tenant_id uuid := private.acting_tenant_id();
begin
  return (
    select coalesce(jsonb_agg(private.told_budget_event(e.one) order by e.id desc), '[]')
    from (
      select v as one, v.id from public.budget_events as v
      where v.tenant_id = v_tenant_id and v.scope_id = coalesce(list_budget_events.scope_id, v.scope_id)
        and (before_id is null or v.id < before_id)
      order by v.id desc limit least(coalesce(max_rows, 100), 1000)
    ) as e
  );
end
$$;
comment on function public.list_budget_events(uuid, uuid, int) is
  'What became of the budgets of the caller''s tenant, or of one scope (tenant, project or batch), the newest first: [{id, event, scope, scope_id, period, '
  'amount, spent, currency, user_id, created_at}]. Goes on before the last id. Raises CR003.';

create or replace function private.changed_rows(p_since timestamptz, p_after_id uuid, p_project_id uuid, p_batch_id uuid, p_limit int)
returns table (name text, changed_at timestamptz, id uuid, told jsonb)
language plpgsql
stable
set search_path = ''
-- Each filter that is not given is left out, and the best index used for those that are.
set plan_cache_mode = 'force_custom_plan'
as $$
#variable_conflict use_column
declare
  v_tenant_id uuid := private.tenant_id();
begin
  return query
  (
    select 'projects', p.updated_at, p.id, private.live_project(p) from public.projects as p
    where p.tenant_id = v_tenant_id and p_batch_id is null and (p_project_id is null or p.id = p_project_id)
      and (p.updated_at, p.id) > (p_since, p_after_id)
    order by p.updated_at, p.id limit p_limit
  ) union all (
    select 'batches', b.updated_at, b.id, private.live_batch(b) from public.batches as b
    where b.tenant_id = v_tenant_id and (p_project_id is null or b.project_id = p_project_id)
      and (p_batch_id is null or b.id = p_batch_id) and (b.updated_at, b.id) > (p_since, p_after_id)
    order by b.updated_at, b.id limit p_limit
  ) union all (
    select 'jobs', j.updated_at, j.id, private.live_job(j) from public.generation_jobs as j
    where j.tenant_id = v_tenant_id and (p_project_id is null or j.project_id = p_project_id)
      and (p_batch_id is null or j.batch_id = p_batch_id) and (j.updated_at, j.id) > (p_since, p_after_id)
    order by j.updated_at, j.id limit p_limit
  ) union all (
    select 'tasks', t.updated_at, t.id, private.live_task(t) from public.stage_tasks as t
    where t.tenant_id = v_tenant_id and (p_project_id is null or t.project_id = p_project_id)
      and (p_batch_id is null or t.batch_id = p_batch_id) and (t.updated_at, t.id) > (p_since, p_after_id)
    order by t.updated_at, t.id limit p_limit
  ) union all (
    select 'events', e.created_at, e.id, private.live_event(e) from public.job_events as e
    where e.tenant_id = v_tenant_id and (p_project_id is null or e.project_id = p_project_id)
      and (p_batch_id is null or e.batch_id = p_batch_id) and (e.created_at, e.id) > (p_since, p_after_id)
    order by e.created_at, e.id limit p_limit
  ) union all (
    -- Of a batch, they name no project.
    select 'budget_events', e.created_at, e.id, private.told_budget_event(e) from public.budget_events as e
    where e.tenant_id = v_tenant_id and (p_project_id is null or p_batch_id is not null or e.project_id = p_project_id)
      and (p_batch_id is null or e.batch_id = p_batch_id) and (e.created_at, e.id) > (p_since, p_after_id)
    order by e.created_at, e.id limit p_limit
  )
  order by 2, 3
  limit p_limit;
end
$$;
comment on function private.changed_rows(timestamptz, uuid, uuid, uuid, int) is
  'The rows of all kinds that changed after a moment and id, oldest change first, as followers are told of them.';

create or replace function public.changed_since(
  since timestamptz, project_id uuid default null, batch_id uuid default null, max_rows int default 1000,
  after_id uuid default null
)
returns jsonb
language plpgsql
stable
set search_path = ''
set timezone = 'UTC'
as $$
#variable_conflict use_variable
declare
  v_answer jsonb;
begin
  perform private.check_changed_since(since, project_id, batch_id, max_rows);
  with found as materialized (
    select c.*, row_number() over (order by c.changed_at, c.id) as place
    from private.changed_rows(
      since, coalesce(after_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'), project_id, batch_id, max_rows + 1) as c
  ), page as (
    select f.* from found as f where f.place <= max_rows
  )
  select jsonb_build_object(
      'now', now(), 'projects', '[]'::jsonb, 'batches', '[]'::jsonb, 'jobs', '[]'::jsonb, 'tasks', '[]'::jsonb, 'events', '[]'::jsonb,
      'budget_events', '[]'::jsonb,
      'tenant', (select private.live_tenant(t) from public.tenants as t where t.id = private.tenant_id()),
      'more', (select count(*) > max_rows from found),
      'next', (
        select jsonb_build_object('since', p.changed_at, 'after_id', p.id)
        from page as p where p.place = max_rows and exists (select from found as f where f.place > max_rows)
      ))
    || coalesce((select jsonb_object_agg(l.name, l.told) from (
      select p.name, jsonb_agg(p.told order by p.place) as told from page as p group by p.name
    ) as l), '{}')
  into v_answer;
  return v_answer;
end
$$;
comment on function public.changed_since(timestamptz, uuid, uuid, int, uuid) is
  'What changed in the caller''s tenant after a moment, of one project or batch if one is named: {now, tenant, projects, batches, jobs, tasks, events, '
  'budget_events, more, next}, rows as live messages have them, budget_events as list_budget_events, oldest change first. Where there is more, next is {since, after_id} to go on with. Ask the next time '
  'from the first answer''s now less ten seconds, because what a slow transaction changed is seen only when it ends, and merge by version; events '
  'never change. Raises CR001, CR002 or CR003.';
