-- Budgets are listed page by page, and only those of the page are counted.

drop function public.list_budgets();

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
grant execute on function public.list_budgets(text, uuid, int) to authenticated;
