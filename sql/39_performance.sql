-- Performance: figures that come in from outside, and the day of the project they belong to.

create function private.figure_problems(p_figures jsonb)
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select jsonb_agg(private.as_problem(null, f.key, p.reason) order by f.key)
  from jsonb_each(p_figures) as f
  cross join lateral (
    select case
      when f.key in ('views', 'likes', 'dislikes', 'comments_count', 'shares', 'saves', 'watch_time')
        then case when f.value::text !~ '^([0-9]{1,15}|null)$' then 'is not a whole number from 0 on' end
      when f.key in ('engagement_rate', 'click_through_rate', 'performance_score')
        then case when jsonb_typeof(f.value) <> 'null' and not case jsonb_typeof(f.value) when 'number'
            then (f.value #>> '{}')::numeric between 0 and case f.key when 'performance_score' then 10 else 1 end else false end
          then case f.key when 'performance_score' then 'is not a number from 0 to 10' else 'is not a ratio from 0 to 1' end end
      else 'is not a figure'
    end as reason
  ) as p
  where p.reason is not null
$$;
comment on function private.figure_problems(jsonb) is 'Everything wrong with the figures of a report; null when nothing is.';

create function private.sum_up_day(p_project_id uuid, p_date date)
returns void
language sql
set search_path = ''
as $$
  with report as (
    select m.* from public.performance_metrics as m
    where m.tenant_id = (select p.tenant_id from public.projects as p where p.id = p_project_id) and m.project_id = p_project_id
      and m.collected_at >= p_date::timestamp at time zone 'utc' and m.collected_at < (p_date + 1)::timestamp at time zone 'utc'
  ), by_platform as (
    select platform, sum(views) as views, sum(likes + comments_count + shares + saves) as engagement from report group by platform
  )
  update public.analytics as a
  set total_views = t.views, total_engagement = t.likes + t.comments_count + t.shares + t.saves, avg_watch_time = t.watch_time,
    top_platform = (select p.platform from by_platform as p order by p.views desc, p.platform limit 1),
    metrics_data = a.metrics_data || jsonb_build_object(
      'reports', t.reports, 'likes', t.likes, 'dislikes', t.dislikes, 'comments', t.comments_count, 'shares', t.shares, 'saves', t.saves,
      'avg_engagement_rate', t.engagement_rate, 'platforms', (
        select jsonb_object_agg(p.platform, jsonb_build_object('views', p.views, 'engagement', p.engagement)) from by_platform as p))
  from (
    select count(*) as reports, sum(views) as views, sum(likes) as likes, sum(dislikes) as dislikes, sum(comments_count) as comments_count,
      sum(shares) as shares, sum(saves) as saves, avg(watch_time) as watch_time, round(avg(engagement_rate)::numeric, 6) as engagement_rate
    from report
  ) as t
  where a.project_id = p_project_id and a.date = p_date and t.reports > 0
$$;
comment on function private.sum_up_day(uuid, date) is
  'Writes the day (UTC) of a project anew from all reports of that day, so that it always equals their sum. Its row is there, and locked.';

create function private.record_performance(p_content_id uuid, p_platform text, p_figures jsonb)
returns jsonb
language plpgsql
-- definer: figures are the service side's, and the API acts for the tenant of the claims.
security definer
set search_path = ''
as $$
declare
  v_content public.generated_content;
  v_problems jsonb := case jsonb_typeof(p_figures) when 'object' then private.figure_problems(p_figures)
    else jsonb_build_array(private.as_problem(null, 'figures', 'is not an object')) end;
  v_id uuid := private.uuid_v7();
  v_date date := (now() at time zone 'utc')::date;
begin
  perform private.ensure_partitions(1);
  select * into v_content from public.generated_content where id = p_content_id and tenant_id = private.tenant_id();
  if not found then
    raise exception 'There is no content %.', p_content_id
      using errcode = 'CR002', hint = 'List what a job made, and use the id of one of the files.';
  elsif not exists (select from public.platforms where platform = p_platform) then
    v_problems := coalesce(v_problems, '[]') || private.as_problem(null, 'platform', 'is not a platform');
  end if;
  if v_problems is not null then
    raise exception 'These figures cannot be used.'
      using errcode = 'CR001', detail = v_problems::text, hint = 'Correct the fields named, or leave them out.';
  end if;
  insert into public.performance_metrics (
    id, tenant_id, project_id, content_id, platform, views, likes, dislikes, comments_count, shares, saves, watch_time,
    engagement_rate, click_through_rate, performance_score
  )
  select v_id, v_content.tenant_id, v_content.project_id, v_content.id, p_platform, coalesce(f.views, 0), coalesce(f.likes, 0),
    coalesce(f.dislikes, 0), coalesce(f.comments_count, 0), coalesce(f.shares, 0), coalesce(f.saves, 0), coalesce(f.watch_time, 0),
    coalesce(f.engagement_rate, 0), coalesce(f.click_through_rate, 0), coalesce(f.performance_score, 0)
  from jsonb_to_record(p_figures) as f (
    views bigint, likes bigint, dislikes bigint, comments_count bigint, shares bigint, saves bigint, watch_time bigint,
    engagement_rate real, click_through_rate real, performance_score real
  );
  -- Two reports at once: the second waits here, and then sees the first.
  insert into public.analytics (tenant_id, project_id, date) values (v_content.tenant_id, v_content.project_id, v_date)
  on conflict (project_id, date) do nothing;
  perform from public.analytics where project_id = v_content.project_id and date = v_date for update;
  perform private.sum_up_day(v_content.project_id, v_date);
  perform private.score_content(v_content);
  return jsonb_build_object('id', v_id, 'project_id', v_content.project_id, 'date', v_date);
end
$$;
comment on function private.record_performance(uuid, text, jsonb) is
  'Records a report of figures for a content of the tenant that the claims name, and brings the day of its project up to date. Raises CR001 or CR002.';
grant execute on function private.record_performance(uuid, text, jsonb) to cliprow_api, service_role;
