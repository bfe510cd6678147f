-- Scripts, scenes, generated content and the library: what people read, watch and reuse.

create function private.text_config(p_language text)
returns regconfig
language sql
immutable parallel safe
set search_path = ''
return case lower(split_part(coalesce(p_language, ''), '-', 1))
  when 'ar' then 'pg_catalog.arabic' when 'da' then 'pg_catalog.danish' when 'nl' then 'pg_catalog.dutch'
  when 'en' then 'pg_catalog.english' when 'fi' then 'pg_catalog.finnish' when 'fr' then 'pg_catalog.french'
  when 'de' then 'pg_catalog.german' when 'el' then 'pg_catalog.greek' when 'hi' then 'pg_catalog.hindi'
  when 'hu' then 'pg_catalog.hungarian' when 'id' then 'pg_catalog.indonesian' when 'it' then 'pg_catalog.italian'
  when 'no' then 'pg_catalog.norwegian' when 'pt' then 'pg_catalog.portuguese' when 'ro' then 'pg_catalog.romanian'
  when 'ru' then 'pg_catalog.russian' when 'es' then 'pg_catalog.spanish' when 'sv' then 'pg_catalog.swedish'
  when 'tr' then 'pg_catalog.turkish'
  else 'pg_catalog.simple'
end::regconfig;
comment on function private.text_config(text) is 'Text search configuration for a BCP 47 language tag; `simple` where Postgres knows no better.';

create function private.script_text(p_content jsonb)
returns text
language sql
immutable parallel safe
set search_path = ''
return concat_ws(
  ' ', p_content ->> 'title', p_content ->> 'description', p_content ->> 'summary',
  (select string_agg(s.value ->> 'voiceover_text', ' ')
   from jsonb_array_elements(
     case jsonb_typeof(p_content -> 'scenes') when 'array' then p_content -> 'scenes' else '[]'::jsonb end
   ) as s)
);
comment on function private.script_text(jsonb) is 'The words of a script: what search looks through, without keys and numbers.';
-- Whoever writes a script or a scene also computes its `search`.
grant execute on function private.text_config(text), private.script_text(jsonb) to authenticated, service_role;

create table public.scripts (
  id uuid primary key default private.uuid_v7(),
  tenant_id uuid not null default private.tenant_id(),
  project_id uuid not null,
  job_id uuid,
  content jsonb not null,
  total_duration int not null default 0,
  word_count int not null default 0,
  script_type text not null default 'explainer'
  check (script_type in ('explainer', 'tutorial', 'story', 'demo', 'testimonial')),
  language text not null default 'en',
  search tsvector generated always as (
    to_tsvector(private.text_config(language), private.script_text(content))
  ) stored,
  created_at timestamptz not null default now(),
  unique (tenant_id, id),
  foreign key (tenant_id, project_id) references public.projects (tenant_id, id) on delete cascade,
  foreign key (tenant_id, job_id) references public.generation_jobs (tenant_id, id) on delete set null (job_id)
);
comment on table public.scripts is 'A script as written: `content` holds title, description, scenes, key_points, hashtags and how it came to be.';
comment on column public.scripts.total_duration is 'Seconds, estimated when written.';
comment on column public.scripts.search is 'Words of the script in its language.';
create index scripts_tenant_id_project_id on public.scripts (tenant_id, project_id);
create index scripts_tenant_id_job_id on public.scripts (tenant_id, job_id);
create index scripts_search on public.scripts using gin (search);
create index scripts_content on public.scripts using gin (content jsonb_path_ops);
create index scripts_title_trigram on public.scripts using gin ((content ->> 'title') extensions.gin_trgm_ops);

create table public.scenes (
  id uuid primary key default private.uuid_v7(),
  tenant_id uuid not null default private.tenant_id(),
  script_id uuid not null,
  scene_number int not null,
  duration int not null,
  duration_ms int,
  voiceover_text text not null,
  visual_description text not null,
  heading text not null default '',
  points jsonb not null default '[]' check (jsonb_typeof(points) = 'array'),
  scene_type text not null default 'main_content'
  check (scene_type in ('intro', 'main_content', 'demo', 'testimonial', 'conclusion', 'call_to_action')),
  platform_specific jsonb not null default '{}',
  language text not null default 'en',
  search tsvector generated always as (
    to_tsvector(private.text_config(language), voiceover_text || ' ' || visual_description)
  ) stored,
  created_at timestamptz not null default now(),
  unique (script_id, scene_number),
  unique (tenant_id, id),
  foreign key (tenant_id, script_id) references public.scripts (tenant_id, id) on delete cascade
);
comment on table public.scenes is 'One scene of a script: what is said and what is seen.';
comment on column public.scenes.duration is 'Whole seconds; duration_ms is exact once the narration is there.';
create index scenes_tenant_id_script_id on public.scenes (tenant_id, script_id);
create index scenes_platform_specific on public.scenes using gin (platform_specific jsonb_path_ops);
create index scenes_search on public.scenes using gin (search);
create index scenes_voiceover_trigram on public.scenes using gin (voiceover_text extensions.gin_trgm_ops);

create table public.generated_content (
  id uuid not null default private.uuid_v7(),
  tenant_id uuid not null,
  project_id uuid not null,
  job_id uuid,
  task_id uuid,
  scene_id uuid,
  content_type text not null check (content_type in ('video', 'audio', 'thumbnail', 'subtitle', 'manifest')),
  role text not null default '',
  file_name text not null default '',
  file_path text not null,
  file_size bigint not null default 0 check (file_size >= 0),
  sha256 text,
  duration int,
  duration_ms int,
  quality_score real not null default 0 check (quality_score between 0 and 10),
  platform text not null default 'universal' references public.platforms (platform),
  resolution text,
  format text,
  generation_metadata jsonb not null default '{}' check (jsonb_typeof(generation_metadata) = 'object'),
  created_at timestamptz not null default now(),
  primary key (id),
  unique (tenant_id, id),
  foreign key (tenant_id, project_id) references public.projects (tenant_id, id) on delete cascade,
  foreign key (tenant_id, job_id) references public.generation_jobs (tenant_id, id) on delete cascade,
  foreign key (tenant_id, scene_id) references public.scenes (tenant_id, id) on delete cascade
) partition by range (id);
comment on table public.generated_content is 'A file made for a job, and for a scene where there is one. The bytes are an artifact''s.';
comment on column public.generated_content.role is 'What the file is: narration, segment, video, subtitles_srt, subtitles_vtt, thumbnail, manifest.';
comment on column public.generated_content.file_path is 'Path in the bucket `media`.';
create index generated_content_tenant_id_project_id on public.generated_content (tenant_id, project_id, id);
create index generated_content_tenant_id_job_id on public.generated_content (tenant_id, job_id);
create index generated_content_tenant_id_scene_id on public.generated_content (tenant_id, scene_id);
create index generated_content_platform on public.generated_content (platform);
create index generated_content_metadata on public.generated_content using gin (generation_metadata jsonb_path_ops);

create table public.content_library (
  id uuid primary key default private.uuid_v7(),
  tenant_id uuid not null default private.tenant_id(),
  scene_id uuid not null,
  specific_tags jsonb not null default '[]' check (jsonb_typeof(specific_tags) = 'array'),
  generic_tags jsonb not null default '[]' check (jsonb_typeof(generic_tags) = 'array'),
  preview_text text not null default '',
  usage_count int not null default 0,
  performance_score real not null default 0 check (performance_score between 0 and 10),
  last_used timestamptz,
  library_category text not null default 'experimental'
  check (library_category in ('high_performance', 'experimental', 'archived', 'favorite', 'public')),
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  latest_version int not null default 1,
  unique (tenant_id, scene_id),
  unique (tenant_id, id),
  foreign key (tenant_id, scene_id) references public.scenes (tenant_id, id) on delete cascade
);
comment on column public.content_library.latest_version is 'The highest number of its rows of library_versions; version counts changes of this row.';
comment on table public.content_library is
  'Reusable scenes with tags and figures. In the category `public`, tags and preview are shared with every tenant, on purpose, through public_library.';
comment on column public.content_library.preview_text is 'What other tenants see of a public scene, because they cannot read the scene itself.';
create index content_library_tenant_id_scene_id on public.content_library (tenant_id, scene_id);
create index content_library_performance on public.content_library (tenant_id, performance_score desc);
create index content_library_usage on public.content_library (tenant_id, usage_count desc);
create index content_library_tags on public.content_library using gin (specific_tags jsonb_path_ops, generic_tags jsonb_path_ops);
create index content_library_public on public.content_library (performance_score desc) where library_category = 'public';

create table public.library_versions (
  id uuid primary key default private.uuid_v7(),
  tenant_id uuid not null,
  item_id uuid not null,
  number int not null check (number > 0),
  scene_type text not null,
  voiceover_text text not null,
  visual_description text not null,
  heading text not null,
  points jsonb not null,
  content_keys text [] not null default '{}',
  created_by uuid references auth.users (id) on delete set null,
  created_at timestamptz not null default now(),
  unique (item_id, number),
  foreign key (tenant_id, item_id) references public.content_library (tenant_id, id) on delete cascade
);
comment on table public.library_versions is
  'What a scene of the library said and showed, from each change on. Jobs take one version, and later ones change nothing of theirs.';
comment on column public.library_versions.content_keys is 'Narration and segments made of it, kept as artifacts even when their job is gone.';
create index library_versions_tenant_id_item_id on public.library_versions (tenant_id, item_id);
create index library_versions_created_by on public.library_versions (created_by);

alter table public.scripts enable row level security;
create policy "Members read their tenant's scripts" on public.scripts
for select to authenticated using (tenant_id = (select private.tenant_id()));
create policy "Those who control the project write its scripts" on public.scripts
for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and project_id in (select private.controlled_project_ids()));
create policy "Those who control the project change its scripts" on public.scripts
for update to authenticated
using (tenant_id = (select private.tenant_id()) and project_id in (select private.controlled_project_ids()))
with check (tenant_id = (select private.tenant_id()) and project_id in (select private.controlled_project_ids()));
create policy "Those who control the project remove its scripts" on public.scripts
for delete to authenticated
using (tenant_id = (select private.tenant_id()) and project_id in (select private.controlled_project_ids()));
-- Not job_id: the script that a job works from is its stage's.
grant insert (id, tenant_id, project_id, content, total_duration, word_count, script_type, language)
on public.scripts to authenticated;
grant select, delete on public.scripts to authenticated;
grant update (content, total_duration, word_count, script_type, language) on public.scripts to authenticated;
grant select, insert, update, delete on public.scripts to service_role;

create function private.controlled_script_ids()
returns setof uuid
language sql
stable
set search_path = ''
as $$
  select s.id from public.scripts as s
  where s.tenant_id = (select private.tenant_id()) and s.project_id in (select private.controlled_project_ids())
$$;
comment on function private.controlled_script_ids() is 'Scripts of projects that the caller may change.';
grant execute on function private.controlled_script_ids() to authenticated, service_role;

alter table public.scenes enable row level security;
create policy "Members read their tenant's scenes" on public.scenes
for select to authenticated using (tenant_id = (select private.tenant_id()));
create policy "Those who control the project write its scenes" on public.scenes
for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and script_id in (select private.controlled_script_ids()));
create policy "Those who control the project change its scenes" on public.scenes
for update to authenticated
using (tenant_id = (select private.tenant_id()) and script_id in (select private.controlled_script_ids()))
with check (tenant_id = (select private.tenant_id()) and script_id in (select private.controlled_script_ids()));
create policy "Those who control the project remove its scenes" on public.scenes
for delete to authenticated
using (tenant_id = (select private.tenant_id()) and script_id in (select private.controlled_script_ids()));
grant select, delete on public.scenes to authenticated;
grant insert (
  id, tenant_id, script_id, scene_number, duration, duration_ms, voiceover_text, visual_description, heading, points,
  scene_type, platform_specific, language
) on public.scenes to authenticated;
grant update (voiceover_text, visual_description, heading, points, scene_type, platform_specific, duration, duration_ms)
on public.scenes to authenticated;
grant select, insert, update, delete on public.scenes to service_role;

alter table public.generated_content enable row level security;
create policy "Members read their tenant's content" on public.generated_content
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.generated_content to authenticated;
grant select, insert, update, delete on public.generated_content to service_role;

alter table public.content_library enable row level security;
-- What others see of public rows is in public.public_library.
create policy "Members read their tenant's library" on public.content_library
for select to authenticated using (tenant_id = (select private.tenant_id()));
create policy "Editors add to the library" on public.content_library
for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('editor')));
create policy "Editors change the library" on public.content_library
for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('editor')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('editor')));
create policy "Editors remove from the library" on public.content_library
for delete to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('editor')));
grant select, delete on public.content_library to authenticated;
grant insert (id, tenant_id, scene_id, specific_tags, generic_tags, preview_text, library_category, usage_count, last_used)
on public.content_library to authenticated;
grant update (specific_tags, generic_tags, preview_text, library_category, usage_count, last_used)
on public.content_library to authenticated;
grant select, insert, update, delete on public.content_library to service_role;

alter table public.library_versions enable row level security;
create policy "Members read the versions of their tenant's library" on public.library_versions
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.library_versions to authenticated;
grant select, insert, update, delete on public.library_versions to service_role;
