-- Budgets, as users set and see them.

create function private.write_budget(p_budget public.budgets)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_was numeric;
begin
  if p_budget.amount is null then
    delete from public.budgets as b where b.scope_id = p_budget.scope_id and b.period = p_budget.period returning b.* into p_budget;
    if not found then
      raise exception 'There is no such budget.' using errcode = 'CR002', hint = 'List the budgets, and name one of them.';
    end if;
    perform private.close_backlogs(array[p_budget.tenant_id]);
    p_budget.exceeded_at := null;
    p_budget.warned_at := null;
    perform private.tell_budget(p_budget, 'budget.lifted');
  else
    select b.amount into v_was from public.budgets as b where b.scope_id = p_budget.scope_id and b.period = p_budget.period;
    insert into public.budgets as b (tenant_id, project_id, batch_id, period, amount, currency)
    values (p_budget.tenant_id, p_budget.project_id, p_budget.batch_id, p_budget.period, p_budget.amount,
      private.currency_of(p_budget.tenant_id))
    on conflict (scope_id, period) do update set amount = excluded.amount, currency = excluded.currency
    returning b.* into p_budget;
    perform private.judge_budgets(array[p_budget.scope_id]);
    select b.* into p_budget from public.budgets as b where b.id = p_budget.id;
    if p_budget.amount > v_was then
      perform private.tell_budget(p_budget, 'budget.raised');
    end if;
  end if;
  perform private.release();
  return private.told_budget(p_budget);
end
$$;
comment on function private.write_budget(public.budgets) is
  'Sets a budget of a tenant, which is locked, or with an amount of null removes it; releases what may run again.';

create function public.set_budget(scope text, amount numeric, scope_id uuid default null, period text default null)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and role itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_budget public.budgets;
  v_batch public.batches;
begin
  v_budget.tenant_id := private.acting_tenant_id();
  v_budget.period := coalesce(set_budget.period, case set_budget.scope when 'batch' then 'total' else 'month' end);
  v_budget.amount := set_budget.amount;
  if v_budget.period not in ('month', 'total') then
    raise exception 'There is no period %.', v_budget.period using errcode = 'CR001', hint = 'Use month or total.';
  elsif v_budget.amount < 0 or v_budget.amount >= 1e12 or v_budget.amount = 'NaN' then
    raise exception 'A budget is 0 or more.' using errcode = 'CR001', hint = 'Send the most it may cost, or null to remove the limit.';
  end if;
  case set_budget.scope
    when 'batch' then
      v_batch := private.batch_to_control(set_budget.scope_id);
      v_budget.batch_id := v_batch.id;
    when 'project' then
      perform private.check_pays('set the budgets of projects'), private.lock_tenant(v_budget.tenant_id);
      select p.id into v_budget.project_id from public.projects as p
      where p.id = set_budget.scope_id and p.tenant_id = v_budget.tenant_id and p.deleted_at is null;
      if not found then
        raise exception 'There is no project %.', set_budget.scope_id
          using errcode = 'CR002', hint = 'List the projects, and use the id of one of them.';
      end if;
    when 'tenant' then
      perform private.check_pays('set the budget of the team'), private.lock_tenant(v_budget.tenant_id);
    else
      raise exception 'There is no scope %.', coalesce(set_budget.scope, 'null')
        using errcode = 'CR001', hint = 'Use one of tenant, project, batch.';
  end case;
  v_budget.scope_id := coalesce(v_budget.batch_id, v_budget.project_id, v_budget.tenant_id);
  return private.write_budget(v_budget);
end
$$;
comment on function public.set_budget(text, numeric, uuid, text) is
  'Sets how much the caller''s tenant, or a project or batch of it, may cost: by month (UTC; default for tenant and project) or in all (total; '
  'default for a batch), in the currency the tenant pays in. An amount of null removes the limit. Those of tenant and projects are for admins, that of a '
  'batch for whoever controls it. What waits and costs is held back, or let go, at once. Returns {id, scope, scope_id, period, amount, spent, currency, '
  'percent, state, warned_at, exceeded_at, held_tasks}. Raises CR001, CR002 or CR003.';

create function public.list_budgets(after_scope text default null, after_id uuid default null, max_rows int default 100)
returns jsonb
language plpgsql
stable
-- definer: users may not read what waits; it asserts the tenant itself.
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_tenant_id uuid := private.acting_tenant_id();
begin
  return (
    -- Told only of the rows of the page: it counts what waits.
    select coalesce(jsonb_agg(private.told_budget(p.one) order by p.scope desc, p.id desc), '[]')
    from (
      select b as one, b.scope, b.id from public.budgets as b
      where b.tenant_id = v_tenant_id and (after_id is null or (b.scope, b.id) < (after_scope, after_id))
      order by b.scope desc, b.id desc limit least(coalesce(max_rows, 100), 1000)
    ) as p
  );
end
$$;
comment on function public.list_budgets(text, uuid, int) is
  'The budgets of the caller''s tenant, its projects and batches, in this order and the newest first, as set_budget returns them; at most 1,000. Goes on '
  'after the scope and id of the last. Raises CR003.';

create function public.list_budget_events(scope_id uuid default null, before_id uuid default null, max_rows int default 100)
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

grant execute on function
public.set_budget(text, numeric, uuid, text), public.list_budgets(text, uuid, int), public.list_budget_events(uuid, uuid, int)
to authenticated;
