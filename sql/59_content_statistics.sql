-- What the cache of artifacts saves.

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
grant execute on function public.cache_statistics(timestamptz, timestamptz, text) to authenticated;
