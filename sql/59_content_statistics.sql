-- What the cache of artifacts saves.

create function public.cache_statistics(since timestamptz default null, until timestamptz default null, by text default 'stage')
returns table (
  value text, hits bigint, misses bigint, hit_rate numeric, seconds_spent numeric, seconds_saved numeric, bytes_stored bigint, bytes_saved bigint,
  cost_saved numeric
)
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  if cache_statistics.by not in ('stage', 'project', 'day', 'tenant') then
    raise exception 'The figures cannot be parted by %.', cache_statistics.by
      using errcode = 'CR001', hint = 'Use stage, project, day or tenant.';
  end if;
  return query
  with task as (
    select t.tenant_id, t.stage, t.is_reused, a.size_bytes, case cache_statistics.by
        when 'stage' then t.stage when 'project' then t.project_id::text when 'day' then to_char(t.completed_at at time zone 'utc', 'YYYY-MM-DD')
        else t.tenant_id::text end as part,
      extract(epoch from m.finished_at - m.started_at) as seconds
    from public.stage_tasks as t
    left join public.artifacts as a on a.tenant_id = t.tenant_id and a.content_key = t.content_key
    left join public.task_attempts as m on m.job_id = a.job_id and m.id = a.attempt_id
    where t.tenant_id = (select private.tenant_id()) and t.status = 'completed'
      and t.completed_at >= coalesce(since, now() - interval '30 days') and t.completed_at < coalesce(until, 'infinity')
  ), price as (
    select t.id, t.settings -> 'prices' as of_stage from public.tenants as t
    where t.id = (select private.tenant_id()) and jsonb_typeof(t.settings -> 'prices') = 'object'
  )
  select task.part, count(*) filter (where task.is_reused), count(*) filter (where not task.is_reused),
    round(count(*) filter (where task.is_reused)::numeric / count(*), 4),
    round(coalesce(sum(task.seconds) filter (where not task.is_reused), 0), 3),
    round(coalesce(sum(task.seconds) filter (where task.is_reused), 0), 3),
    coalesce(sum(task.size_bytes) filter (where not task.is_reused), 0)::bigint,
    coalesce(sum(task.size_bytes) filter (where task.is_reused), 0)::bigint,
    round(coalesce(sum(case jsonb_typeof(price.of_stage -> task.stage) when 'number' then (price.of_stage ->> task.stage)::numeric end)
      filter (where task.is_reused), 0), 4)
  from task left join price on price.id = task.tenant_id
  group by task.part
  order by task.part;
end
$$;
comment on function public.cache_statistics(timestamptz, timestamptz, text) is
  'What equal content being made only once saved in the caller''s tenant, of tasks completed in a time (default: the last 30 days), by stage, project, day '
  '(UTC) or tenant: hits and misses; seconds that the attempts took, and those that would have been taken again; bytes stored, and not stored again; '
  'cost by the tenant''s prices per task. Of results whose maker is gone the seconds are not known, and count as 0. Raises CR001.';
grant execute on function public.cache_statistics(timestamptz, timestamptz, text) to authenticated;
