-- Retention: how long what is kept for the record stays, and its removal in small steps. What users work with (batches, jobs,
-- content, figures) stays for ever unless the policy says otherwise.

create table private.retention (
  kind text primary key,
  keep_for interval check (keep_for >= '1 day'),
  about text not null,
  ran_at timestamptz,
  removed_count bigint not null default 0,
  removed_at timestamptz,
  last_step text not null default '',
  last_error text
);
comment on table private.retention is 'How long each kind of row is kept, and what its removal last did.';
comment on column private.retention.keep_for is 'At least a day; null keeps for ever.';
comment on column private.retention.last_step is 'The last time that something was removed: how many rows, or which leaf.';
comment on column private.retention.last_error is 'Why the last step did not succeed; it is tried again a minute later.';
insert into private.retention (kind, keep_for, about) values
('batches', null, 'Batches that have ended, with their jobs, tasks and content.'),
('task_attempts', '365 days', 'Attempts of ended jobs, by the month of their jobs.'),
('job_events', '365 days', 'Events of ended jobs, by the month of their jobs.'),
('audit_events', '730 days', 'The audit, by months.'),
('performance_metrics', null, 'Reports of figures, by months; the daily figures stay.'),
('attempt_logs', '30 days', 'Log lines of failed attempts.'),
('asset_access', '365 days', 'Who was let to which file.'),
('webhook_deliveries', '30 days', 'What webhooks were told.'),
('idempotency_keys', '30 days', 'Keys of requests that made batches.'),
('realtime_outbox', '1 day', 'Marks of changes that nobody could be told of.'),
('queue_entries', '1 day', 'Finished rows of the queue library.'),
('queue_workers', '1 day', 'Processes that the queue library and we have not heard of since.');
create index idempotency_keys_created_at on public.idempotency_keys (created_at);

create function private.old_leaf(p_table text, p_keep_for interval)
returns text
language sql
stable
set search_path = ''
as $$
  -- By its name, which says the month. One that ended this long ago holds no job made later.
  select c.relname
  from pg_catalog.pg_class as c
  where c.relnamespace = 'partitions'::regnamespace and c.relispartition and c.relname ~ ('^' || p_table || '_\d{4}_\d{2}$')
    and (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month') at time zone 'UTC' < now() - p_keep_for
  order by c.relname limit 1
$$;
comment on function private.old_leaf(text, interval) is 'The oldest leaf of a table whose month ended longer ago than this; null when there is none.';

create function private.is_leaf_over(p_table text, p_leaf text, p_keep_for interval)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
declare
  v_from timestamptz := to_date(right(p_leaf, 7), 'YYYY_MM')::timestamp at time zone 'UTC';
  v_moment text := case p_table when 'task_attempts' then 'started_at' when 'job_events' then 'created_at' end;
  v_found boolean;
begin
  if v_moment is null then
    return true;
  end if;
  -- A job that was retried later has newer rows in the same leaf.
  execute format('select exists (select from partitions.%I where %s >= now() - $1)', p_leaf, v_moment) into v_found using p_keep_for;
  return not v_found and not exists (
    select from public.generation_jobs as j
    where j.id >= private.uuid_at(v_from) and j.id < private.uuid_at(v_from + interval '1 month') and j.status in ('pending', 'processing')
  );
end
$$;
comment on function private.is_leaf_over(text, text, interval) is
  'Whether everything in a leaf is older than this, and all jobs that it tells of have ended.';

create function private.retire_leaf(p_table text, p_keep_for interval)
returns text
language plpgsql
set search_path = ''
-- Dropping locks the root for a moment. While somebody uses it, it is left for the next time.
set lock_timeout = '300ms'
as $$
declare
  v_leaf text := private.old_leaf(p_table, p_keep_for);
  v_count bigint;
begin
  if v_leaf is null or not private.is_leaf_over(p_table, v_leaf, p_keep_for) then
    return null;
  end if;
  select greatest(0, c.reltuples)::bigint into v_count
  from pg_catalog.pg_class as c where c.relnamespace = 'partitions'::regnamespace and c.relname = v_leaf;
  execute format('alter table public.%I detach partition partitions.%I', p_table, v_leaf);
  execute format('drop table partitions.%I', v_leaf);
  return format('dropped leaf %s of about %s rows', v_leaf, v_count);
end
$$;
comment on function private.retire_leaf(text, interval) is
  'Drops the oldest leaf of a table if everything in it is over; returns what it did, null for nothing. Raises 55P03 where the table is busy.';

create function private.remove_batches(p_keep_for interval, p_limit int)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_batch public.batches;
  v_job_ids uuid [];
begin
  select b.* into v_batch from public.batches as b
  where b.completed_at < now() - p_keep_for order by b.completed_at, b.id limit 1;
  if not found then
    return 0;
  end if;
  perform private.lock_tenant(v_batch.tenant_id);
  -- A retry may have come first.
  select b.* into v_batch from public.batches as b where b.id = v_batch.id and b.completed_at < now() - p_keep_for for update;
  if not found then
    return 0;
  end if;
  v_job_ids := array(
    select j.id from public.generation_jobs as j where j.tenant_id = v_batch.tenant_id and j.batch_id = v_batch.id order by j.id limit p_limit);
  delete from public.generation_jobs as j where j.id = any(v_job_ids);
  if cardinality(v_job_ids) < p_limit then
    delete from public.batches as b where b.id = v_batch.id;
  end if;
  return cardinality(v_job_ids) + 1;
end
$$;
comment on function private.remove_batches(interval, int) is
  'Removes jobs of the batch that ended first, longer ago than this, and the batch with its last one; returns how many rows, 0 for nothing.';

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

create function private.remove_rows(p_kind text, p_before timestamptz, p_limit int)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_count int;
begin
  case p_kind
    when 'attempt_logs' then
      delete from private.attempt_logs as l where (l.job_id, l.attempt_id) in (
        select o.job_id, o.attempt_id from private.attempt_logs as o where o.created_at < p_before limit p_limit);
    when 'asset_access' then
      delete from public.asset_access as a where a.id in (
        select o.id from public.asset_access as o where o.id < private.uuid_at(p_before) order by o.id limit p_limit);
    when 'webhook_deliveries' then
      delete from private.webhook_deliveries as d where d.id in (
        select o.id from private.webhook_deliveries as o
        where o.id < private.uuid_at(p_before) and o.status <> 'pending' order by o.id limit p_limit);
    when 'idempotency_keys' then
      delete from public.idempotency_keys as k where (k.tenant_id, k.key) in (
        select o.tenant_id, o.key from public.idempotency_keys as o where o.created_at < p_before order by o.created_at limit p_limit);
    when 'realtime_outbox' then
      delete from public.realtime_outbox as m where m.id in (
        select o.id from public.realtime_outbox as o where o.created_at < p_before order by o.id limit p_limit for update skip locked);
    when 'queue_entries' then
      delete from procrastinate.procrastinate_jobs as e where e.id in (
        select o.id from procrastinate.procrastinate_jobs as o
        where o.status not in ('todo', 'doing')
          and not exists (select from procrastinate.procrastinate_events as v where v.job_id = o.id and v.at >= p_before)
          and not exists (select from public.stage_tasks as t where t.entry_id = o.id and t.status in ('queued', 'processing'))
        order by o.id limit p_limit for update skip locked);
    when 'tombstones' then
      delete from private.tombstones as d where d.purged_at < p_before;
    when 'queue_workers' then
      delete from procrastinate.procrastinate_workers as w
      where w.last_heartbeat < p_before
        and not exists (select from procrastinate.procrastinate_jobs as e where e.worker_id = w.id and e.status = 'doing');
  end case;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function private.remove_rows(text, timestamptz, int) is 'Removes up to so many rows of a kind from before a moment; returns how many.';

create function private.retain(p_policy private.retention, p_limit int)
returns text
language plpgsql
set search_path = ''
as $$
declare
  v_count int;
begin
  if p_policy.kind in ('task_attempts', 'job_events', 'audit_events', 'performance_metrics') then
    return private.retire_leaf(p_policy.kind, p_policy.keep_for);
  elsif p_policy.kind = 'deleted_tenants' then
    return private.purge_tenant(p_policy.keep_for, p_limit);
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
comment on function private.retain(private.retention, int) is 'One small step of one policy; returns what it did, null for nothing.';

create function private.tick_slowly()
returns jsonb
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
as $$
declare
  v_policy private.retention;
  v_step text;
  v_done jsonb := '{}';
begin
  -- Every worker calls this; one at a time gets through. Each call does one step of the policy that waited longest.
  if not pg_try_advisory_xact_lock(hashtext('cliprow.tick_slowly')) then
    return null;
  end if;
  perform set_config('cliprow.door', 'ticker', true);
  for v_policy in
    select r.* from private.retention as r
    where r.keep_for is not null and (r.ran_at is null or r.ran_at < now() - interval '1 minute')
    order by r.ran_at nulls first, r.kind limit 1
  loop
    begin
      v_step := private.retain(v_policy, 1000);
      -- One that did something may have more to do, and is due again at once.
      update private.retention set ran_at = case when v_step is null then now() else ran_at end, last_error = null,
        last_step = coalesce(v_step, last_step),
        removed_at = case when v_step is null then removed_at else now() end,
        removed_count = removed_count + coalesce(substring(v_step from '(\d+) rows')::bigint, 0)
      where kind = v_policy.kind;
      v_done := jsonb_build_object(v_policy.kind, v_step);
    -- Whatever it is: the one that waited longest would be tried again and again, and no other would have its turn.
    exception when others or query_canceled then
      raise warning 'The retention of % failed: % (%)', v_policy.kind, sqlerrm, sqlstate;
      update private.retention set ran_at = now(), last_error = sqlerrm where kind = v_policy.kind;
      v_done := jsonb_build_object(v_policy.kind, null);
    end;
  end loop;
  return v_done;
end
$$;
comment on function private.tick_slowly() is
  'One small step of what has no hurry, of the policy of private.retention that waited longest: each is due once a minute, and again at once while it '
  'has more to remove. Returns {kind: what was done, or null}, {} when nothing is due, null while another does it. Call it until nothing is due.';

create function private.hurry_retention()
returns int
language plpgsql
-- definer: for operators, whose role may not write the table.
security definer
set search_path = ''
as $$
declare
  v_count int;
begin
  update private.retention set ran_at = null where keep_for is not null;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function private.hurry_retention() is 'For operators: makes every policy due; returns how many. private.tick_slowly then does them, step by step.';

create function private.list_retention()
returns setof private.retention
language sql
stable
-- definer: for operators, whose role may not read the table.
security definer
set search_path = ''
as $$
  select * from private.retention order by kind
$$;
comment on function private.list_retention() is 'For operators: how long what is kept, and what its removal last did.';

create function private.set_retention(p_kind text, p_keep_for interval)
returns jsonb
language plpgsql
-- definer: for operators, whose role may not write the table.
security definer
set search_path = ''
as $$
begin
  if p_keep_for < interval '1 day' then
    raise exception 'Nothing is removed before it is a day old.' using errcode = 'CR001', hint = 'Give a day or more, or null to keep for ever.';
  end if;
  update private.retention set keep_for = p_keep_for where kind = p_kind;
  if not found then
    raise exception 'There is no policy for %.', coalesce(p_kind, 'null') using errcode = 'CR002',
      hint = 'Use one of ' || (select string_agg(r.kind, ', ' order by r.kind) from private.retention as r) || '.';
  end if;
  return (select to_jsonb(r) from private.retention as r where r.kind = p_kind);
end
$$;
comment on function private.set_retention(text, interval) is 'For operators: how long a kind of row is kept; null for ever. Raises CR001 or CR002.';

create trigger audit after update of keep_for on private.retention
for each row execute function private.audit_row('kind', 'ran_at,removed_count,removed_at,last_step,last_error');

grant execute on function private.list_retention(), private.set_retention(text, interval), private.hurry_retention(), private.tick_slowly()
to service_role, cliprow_api;
grant execute on function private.tick_slowly() to cliprow_worker;
