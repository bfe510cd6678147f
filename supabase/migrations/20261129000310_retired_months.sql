-- A month whose batches are all gone is retired: its empty leaves are dropped.

create function private.has_rows(p_leaf text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
declare
  v_found boolean := false;
begin
  if to_regclass(format('partitions.%I', p_leaf)) is not null then
    execute format('select exists (select from partitions.%I)', p_leaf) into v_found;
  end if;
  return v_found;
end
$$;
comment on function private.has_rows(text) is 'Whether a leaf has rows; one that is not there has none.';

create function private.empty_leaf(p_keep_for interval)
returns table (table_name text, leaf text)
language sql
stable
set search_path = ''
as $$
  select t.name, c.relname::text
  from (values (1, 'generated_content'), (2, 'task_attempts'), (3, 'stage_tasks'), (4, 'generation_jobs')) as t (place, name)
  join pg_catalog.pg_class as c
    on c.relnamespace = 'partitions'::regnamespace and c.relkind = 'r' and c.relispartition
    and c.relname ~ ('^' || t.name || '_\d{4}_\d{2}$')
  where (to_date(substring(c.relname from '\d{4}_\d{2}$'), 'YYYY_MM') + interval '1 month') at time zone 'UTC' < now() - p_keep_for
    and not private.has_rows(c.relname)
    -- Tasks come and go with their jobs: a month that still has jobs may get some again.
    and (t.name = 'generated_content' or not private.has_rows('generation_jobs' || right(c.relname, 8)))
  order by right(c.relname, 7), t.place
  limit 1
$$;
comment on function private.empty_leaf(interval) is
  'The oldest leaf of jobs or of what is made for them that has no rows left and whose month ended longer ago than this, children first.';

create function private.retire_month(p_keep_for interval)
returns text
language plpgsql
set search_path = ''
-- As in ensure_month: it gives up long before Postgres looks for a deadlock, and is tried again.
set lock_timeout = '300ms'
as $$
declare
  v_empty record;
begin
  select e.* into v_empty from private.empty_leaf(p_keep_for) as e;
  if v_empty.leaf is null then
    return null;
  end if;
  -- Whoever has just written to it keeps it.
  execute format('lock table partitions.%I', v_empty.leaf);
  if private.has_rows(v_empty.leaf) then
    return null;
  end if;
  execute format('alter table public.%I detach partition partitions.%I', v_empty.table_name, v_empty.leaf);
  execute format('drop table partitions.%I', v_empty.leaf);
  return 'dropped leaf ' || v_empty.leaf;
end
$$;
comment on function private.retire_month(interval) is
  'Drops one leaf of an old month whose batches are all gone; returns what it did, null for nothing. Raises 55P03 where a table is busy.';

create or replace function private.retain(p_policy private.retention, p_limit int)
returns text
language plpgsql
set search_path = ''
as $$
declare
  v_count int;
begin
  if p_policy.kind in ('task_attempts', 'job_events', 'audit_events', 'performance_metrics') then
    return private.retire_leaf(p_policy.kind, p_policy.keep_for);
  elsif p_policy.kind = 'batches' then
    v_count := private.remove_batches(p_policy.keep_for, least(p_limit, 200));
    if v_count = 0 then
      return private.retire_month(p_policy.keep_for);
    end if;
  else
    v_count := private.remove_rows(p_policy.kind, now() - p_policy.keep_for, p_limit);
  end if;
  return case when v_count > 0 then v_count || ' rows' end;
end
$$;
