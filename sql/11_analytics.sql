-- Figures of published content. Written by the service side only.

create table public.performance_metrics (
  id uuid not null default private.uuid_v7(),
  tenant_id uuid not null,
  project_id uuid not null,
  content_id uuid not null,
  platform text not null references public.platforms (platform),
  views bigint not null default 0,
  likes bigint not null default 0,
  dislikes bigint not null default 0,
  comments_count bigint not null default 0,
  shares bigint not null default 0,
  saves bigint not null default 0,
  engagement_rate real not null default 0 check (engagement_rate between 0 and 1),
  watch_time bigint not null default 0,
  click_through_rate real not null default 0 check (click_through_rate between 0 and 1),
  performance_score real not null default 0 check (performance_score between 0 and 10),
  derived_metrics jsonb not null default '{}' check (jsonb_typeof(derived_metrics) = 'object'),
  collected_at timestamptz not null default now(),
  primary key (id, collected_at),
  foreign key (tenant_id, project_id) references public.projects (tenant_id, id) on delete cascade,
  foreign key (tenant_id, content_id) references public.generated_content (tenant_id, id) on delete cascade
) partition by range (collected_at);
comment on table public.performance_metrics is 'Engagement figures of one piece of content on one platform at one moment.';
comment on column public.performance_metrics.watch_time is 'Seconds.';
comment on column public.performance_metrics.derived_metrics is 'engagement_breakdown: share of likes, comments, shares and saves.';
create index performance_metrics_tenant_id_content_id on public.performance_metrics (tenant_id, content_id);
create index performance_metrics_tenant_id_project_id on public.performance_metrics (tenant_id, project_id, collected_at);
create index performance_metrics_platform on public.performance_metrics (platform);
create index performance_metrics_derived on public.performance_metrics using gin (derived_metrics jsonb_path_ops);

create function private.derive_metrics()
returns trigger
language plpgsql
set search_path = ''
as $$
declare
  v_engaged bigint := new.likes + new.comments_count + new.shares + new.saves;
begin
  new.derived_metrics := new.derived_metrics || jsonb_build_object(
    'engagement_breakdown', case when v_engaged = 0 then '{}'::jsonb else jsonb_build_object(
      'likes', round(new.likes::numeric / v_engaged, 4), 'comments', round(new.comments_count::numeric / v_engaged, 4),
      'shares', round(new.shares::numeric / v_engaged, 4), 'saves', round(new.saves::numeric / v_engaged, 4)
    ) end
  );
  return new;
end
$$;
comment on function private.derive_metrics() is 'Fills derived_metrics from the counts.';
create trigger derive_metrics before insert or update on public.performance_metrics
for each row execute function private.derive_metrics();

create table public.analytics (
  id uuid primary key default private.uuid_v7(),
  tenant_id uuid not null,
  project_id uuid not null,
  date date not null,
  total_views bigint not null default 0,
  total_engagement bigint not null default 0,
  avg_watch_time real not null default 0,
  top_platform text references public.platforms (platform),
  metrics_data jsonb not null default '{}' check (jsonb_typeof(metrics_data) = 'object'),
  created_at timestamptz not null default now(),
  unique (project_id, date),
  foreign key (tenant_id, project_id) references public.projects (tenant_id, id) on delete cascade
);
comment on table public.analytics is 'Figures of a project by day.';
create index analytics_tenant_id_project_id on public.analytics (tenant_id, project_id, date);
create index analytics_top_platform on public.analytics (top_platform);
create index analytics_metrics_data on public.analytics using gin (metrics_data jsonb_path_ops);

alter table public.performance_metrics enable row level security;
create policy "Members read the metrics their analytics scope allows" on public.performance_metrics
for select to authenticated
using (tenant_id = (select private.tenant_id()) and project_id in (select private.analysed_project_ids()));
grant select on public.performance_metrics to authenticated;
grant select, insert, update, delete on public.performance_metrics to service_role;

alter table public.analytics enable row level security;
create policy "Members read the analytics their analytics scope allows" on public.analytics
for select to authenticated
using (tenant_id = (select private.tenant_id()) and project_id in (select private.analysed_project_ids()));
grant select on public.analytics to authenticated;
grant select, insert, update, delete on public.analytics to service_role;
