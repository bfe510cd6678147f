-- One leaf a month for every partitioned table, made ahead of time.

create function private.partitioned_tables()
returns table (table_name text, is_keyed_by_id boolean)
language sql
immutable
set search_path = ''
as $$
  -- Parents before children: a month is dropped in the opposite order.
  values
  ('generation_jobs', true), ('stage_tasks', true), ('task_attempts', true), ('generated_content', true),
  ('job_events', true), ('performance_metrics', false), ('audit_events', true)
$$;
comment on function private.partitioned_tables() is
  'Tables partitioned by month, and whether by a version 7 uuid (its own or its job''s) or by a time.';

create function private.ensure_month(p_at timestamptz)
returns int
language plpgsql
-- definer: makes tables in a schema where no other role may.
security definer
set search_path = ''
-- A new leaf locks its root and what that refers to, in an order that running work does not keep: so it gives up long
-- before Postgres looks for a deadlock, and is tried again.
set lock_timeout = '300ms'
as $$
declare
  v_from timestamptz := date_trunc('month', p_at at time zone 'UTC') at time zone 'UTC';
  v_to timestamptz := (date_trunc('month', p_at at time zone 'UTC') + interval '1 month') at time zone 'UTC';
  v_suffix text := to_char(p_at at time zone 'UTC', '_YYYY_MM');
  v_made int := 0;
  v record;
begin
  for v in select * from private.partitioned_tables() loop
    if to_regclass(format('partitions.%I', v.table_name || v_suffix)) is null then
      perform pg_advisory_xact_lock(hashtext('cliprow.ensure_month'));
      -- Another may have made it meanwhile. Not to_regclass again, which remembers that there was none.
      continue when exists (
        select from pg_catalog.pg_class as c
        where c.relnamespace = 'partitions'::regnamespace and c.relname = v.table_name || v_suffix
      );
      execute format(
        'create table partitions.%I partition of public.%I for values from (%L) to (%L)',
        v.table_name || v_suffix, v.table_name,
        case when v.is_keyed_by_id then private.uuid_at(v_from)::text else v_from::text end,
        case when v.is_keyed_by_id then private.uuid_at(v_to)::text else v_to::text end
      );
      execute format('alter table partitions.%I enable row level security', v.table_name || v_suffix);
      execute format('comment on table partitions.%I is %L', v.table_name || v_suffix,
        format('Leaf of public.%s from %s to %s (UTC).', v.table_name,
          to_char(v_from at time zone 'UTC', 'YYYY-MM-DD'), to_char(v_to at time zone 'UTC', 'YYYY-MM-DD')));
      v_made := v_made + 1;
    end if;
  end loop;
  return v_made;
end
$$;
comment on function private.ensure_month(timestamptz) is
  'Makes the leaves of the month of a moment where they are missing; returns how many it made. Call it before the transaction locks a tenant.';

create function private.ensure_partitions(p_months_ahead int default 3)
returns int
language sql
set search_path = ''
as $$
  select coalesce(sum(private.ensure_month(
    (date_trunc('month', now() at time zone 'UTC') + make_interval(months => m)) at time zone 'UTC'
  )), 0)::int
  from generate_series(0, p_months_ahead) as m
$$;
comment on function private.ensure_partitions(int) is 'Makes the leaves of this month and the next ones.';

select private.ensure_partitions();
