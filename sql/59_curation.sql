-- Quality of content, and curation of the library by how its scenes perform.

create function private.technical_quality(p_facts jsonb, p_size_bytes bigint)
returns real
language sql
immutable
set search_path = ''
return case when p_size_bytes > 0 then (
  10
  -- Platforms play everything at -14 LUFS; a peak above -1 dBTP may clip.
  - case jsonb_typeof(p_facts -> 'lufs') when 'number' then least(4, greatest(0, abs((p_facts ->> 'lufs')::numeric + 14) - 0.5)) else 0 end
  - case when jsonb_typeof(p_facts -> 'true_peak_dbtp') = 'number' and (p_facts ->> 'true_peak_dbtp')::numeric > -0.9 then 2 else 0 end
  - case jsonb_typeof(p_facts -> 'scenes_left_out') when 'array' then least(3, jsonb_array_length(p_facts -> 'scenes_left_out')) else 0 end
  - case p_facts ->> 'timing' when 'proportional' then 1 else 0 end
) else 0 end;
comment on function private.technical_quality(jsonb, bigint) is
  'How good a file is by itself, 0 to 10: 0 when it is empty; less for loudness off -14 LUFS by more than 0.5, a true peak above -0.9 dBTP, scenes that '
  'did not fit in the platform''s longest duration, and word times that are only estimated.';

create function private.report_score(p_report public.performance_metrics)
returns real
language sql
immutable
set search_path = ''
return case when p_report.performance_score > 0 then p_report.performance_score else least(10, p_report.engagement_rate * 100) end;
comment on function private.report_score(public.performance_metrics) is
  'A report of figures as one number, 0 to 10: its own score, or else the engagement rate, of which a tenth is the best.';

create function private.score_content(p_content public.generated_content)
returns void
language sql
set search_path = ''
as $$
  update public.generated_content as c
  set quality_score = round((0.6 * private.technical_quality(a.facts, c.file_size) + 0.4 * r.score)::numeric, 2)
  from (
    select avg(private.report_score(m)) as score from public.performance_metrics as m
    where m.tenant_id = p_content.tenant_id and m.content_id = p_content.id
  ) as r
  left join public.artifacts as a
    on a.tenant_id = p_content.tenant_id and a.content_key = p_content.generation_metadata ->> 'content_key'
  where c.id = p_content.id and r.score is not null and a.status is distinct from 'damaged'
$$;
comment on function private.score_content(public.generated_content) is
  'Writes the quality of content that has figures: six tenths what it is by itself, four tenths the average of its reports.';

create function private.scene_scores(p_tenant_id uuid)
returns table (item_id uuid, score real, report_count bigint)
language sql
stable
set search_path = ''
as $$
  with used as (
    select v.item_id, j.id as job_id
    from public.library_versions as v
    join public.generation_jobs as j
      on j.tenant_id = v.tenant_id and j.params ? 'library_items' and j.params -> 'library_items' @> to_jsonb(v.item_id || '@' || v.number)
    where v.tenant_id = p_tenant_id
    union
    select c.id, w.job_id
    from public.content_library as c
    join public.scenes as s on s.tenant_id = c.tenant_id and s.id = c.scene_id
    join public.scripts as w on w.tenant_id = s.tenant_id and w.id = s.script_id
    where c.tenant_id = p_tenant_id and w.job_id is not null
  )
  select used.item_id, avg(private.report_score(m))::real, count(*)
  from used
  join public.generated_content as g on g.tenant_id = p_tenant_id and g.job_id = used.job_id
  join public.performance_metrics as m on m.tenant_id = p_tenant_id and m.content_id = g.id
  group by used.item_id
$$;
comment on function private.scene_scores(uuid) is 'How videos with a scene of the library perform, 0 to 10, and over how many reports.';

create function private.curation_policy(p_tenant_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'promote_at', 7, 'demote_below', 4, 'archive_below', 2, 'archive_unused_days', 180, 'min_reports', 3, 'is_automatic', false)
    || coalesce((
      select jsonb_object_agg(p.key, p.value)
      from jsonb_each(case jsonb_typeof(t.settings -> 'curation') when 'object' then t.settings -> 'curation' else '{}' end) as p
      where jsonb_typeof(p.value) = case p.key when 'is_automatic' then 'boolean' else 'number' end
    ), '{}')
  from public.tenants as t where t.id = p_tenant_id
$$;
comment on function private.curation_policy(uuid) is
  'By what scenes of the library change their category: tenants.settings.curation over the defaults. Scores are 0 to 10.';

create function private.curated(p_tenant_id uuid, p_policy jsonb)
returns table (item_id uuid, old_category text, new_category text, score real, report_count bigint, reason text)
language sql
stable
set search_path = ''
as $$
  select c.id, c.library_category, n.category, coalesce(s.score, 0), coalesce(s.report_count, 0), n.reason
  from public.content_library as c
  left join private.scene_scores(p_tenant_id) as s on s.item_id = c.id
  cross join jsonb_to_record(p_policy) as p (
    promote_at numeric, demote_below numeric, archive_below numeric, archive_unused_days numeric, min_reports numeric
  )
  cross join lateral (
    select case
      when s.report_count >= p.min_reports and s.score >= p.promote_at and c.library_category in ('experimental', 'archived') then 'high_performance'
      when s.report_count >= p.min_reports and s.score < p.archive_below and c.library_category in ('experimental', 'high_performance') then 'archived'
      when s.report_count >= p.min_reports and s.score < p.demote_below and c.library_category = 'high_performance' then 'experimental'
      when c.library_category = 'experimental' and s.score is null
        and coalesce(c.last_used, c.created_at) < now() - make_interval(days => p.archive_unused_days::int) then 'archived'
      else c.library_category end as category
  ) as k
  cross join lateral (
    select k.category, case
      when k.category = c.library_category then 'unchanged'
      when s.score is null then format('not used for %s days', p.archive_unused_days)
      else format('score %s over %s reports', round(s.score::numeric, 1), s.report_count) end as reason
  ) as n
  -- What somebody likes or shares is left alone, apart from its score.
  where c.tenant_id = p_tenant_id and (k.category <> c.library_category or coalesce(s.score, 0) <> c.performance_score)
$$;
comment on function private.curated(uuid, jsonb) is 'What curation would change in a tenant''s library, and why.';

create function private.curate(p_tenant_id uuid, p_policy jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_changes jsonb := (select coalesce(jsonb_agg(to_jsonb(c) order by c.item_id), '[]') from private.curated(p_tenant_id, p_policy) as c);
begin
  update public.content_library as c
  set library_category = n.new_category, performance_score = n.score
  from jsonb_to_recordset(v_changes) as n (item_id uuid, old_category text, new_category text, score real)
  where c.tenant_id = p_tenant_id and c.id = n.item_id and c.library_category = n.old_category;
  return v_changes;
end
$$;
comment on function private.curate(uuid, jsonb) is 'Curates a tenant''s library; returns what was changed.';

create function public.curate_library(is_dry_run boolean default false, policy jsonb default '{}')
returns jsonb
language plpgsql
-- definer: scores are the service side's, and reports of all projects count, whatever the caller's analytics scope.
security definer
set search_path = ''
as $$
declare
  v_tenant_id uuid := private.check_role('editor', 'curate the library');
  v_policy jsonb := private.curation_policy(v_tenant_id) || coalesce(policy, '{}');
  v_changes jsonb;
begin
  if jsonb_typeof(coalesce(policy, '{}')) <> 'object' or exists (
    select from jsonb_each(v_policy) as p
    where jsonb_typeof(p.value) <> case p.key when 'is_automatic' then 'boolean' else 'number' end
      or p.key not in ('promote_at', 'demote_below', 'archive_below', 'archive_unused_days', 'min_reports', 'is_automatic')
  ) then
    raise exception 'This is no policy for curation.' using errcode = 'CR001',
      hint = 'Send an object with numbers for promote_at, demote_below, archive_below, archive_unused_days and min_reports.';
  end if;
  if is_dry_run then
    v_changes := (select coalesce(jsonb_agg(to_jsonb(c) order by c.item_id), '[]') from private.curated(v_tenant_id, v_policy) as c);
  else
    v_changes := private.curate(v_tenant_id, v_policy);
  end if;
  return jsonb_build_object('is_dry_run', is_dry_run, 'policy', v_policy, 'changes', v_changes);
end
$$;
comment on function public.curate_library(boolean, jsonb) is
  'Scores the scenes of the tenant''s library by how videos with them perform, promotes what does well and archives what does not or is not used, by the '
  'policy in tenants.settings.curation, or the one sent: {promote_at, demote_below, archive_below, archive_unused_days, min_reports}. Favorites and '
  'public scenes keep their category. A dry run only tells. Returns {is_dry_run, policy, changes: [{item_id, old_category, new_category, score, '
  'report_count, reason}]}. For editors. Raises CR001 or CR003.';
grant execute on function public.curate_library(boolean, jsonb) to authenticated;
