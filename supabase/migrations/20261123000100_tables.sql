-- Schemas, roles and extensions. Everything after this file relies on them.
-- `public` holds tables with row-level security and thin functions for users; `private`, which no API exposes,
-- the state machine and its bookkeeping; `partitions` the monthly leaves, which nobody may read directly.

create schema if not exists extensions;
create extension if not exists pg_trgm with schema extensions;

create schema private;
comment on schema private is 'State machine, release window and helpers. Not exposed by any API.';

create schema partitions;
comment on schema partitions is
  'Monthly leaves of partitioned tables. Row-level security is not inherited by leaves, so no role is granted anything here.';

do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'cliprow_worker') then
    create role cliprow_worker nologin noinherit;
  end if;
end
$$;
comment on role cliprow_worker is
  'Workers: may call the queue functions and work the queue library''s tables, and nothing else.';

grant usage on schema private to cliprow_worker, authenticated, service_role;

-- Functions are executable by everyone unless this is taken away; here every grant is explicit.
alter default privileges revoke execute on functions from public;
-- Some projects give new objects of `public` to the API roles by default; ours are given out one by one.
alter default privileges in schema public revoke all on tables from anon, authenticated, service_role;
alter default privileges in schema public revoke all on sequences from anon, authenticated, service_role;
alter default privileges in schema public revoke all on functions from anon, authenticated, service_role;
-- Time-ordered ids (RFC 9562, version 7), made by our own function because Postgres 15 and 17 have none.

create function private.uuid_v7(p_at timestamptz default clock_timestamp())
returns uuid
-- plpgsql, because it takes half the time of an SQL function here, and a large batch needs thousands of ids.
language plpgsql
volatile parallel safe
set search_path = ''
as $$
declare
  v_us bigint := floor(extract(epoch from p_at) * 1000000);
begin
  -- 48 bits of milliseconds, the version, then 12 bits of the fraction of a millisecond (RFC 9562, 6.2, method 3), so that
  -- ids made one after another by one connection sort in that order. What follows is random.
  return lpad(to_hex(v_us / 1000), 12, '0') || '7' || lpad(to_hex(v_us % 1000 * 4096 / 1000), 3, '0')
    || right(gen_random_uuid()::text, 17);
end
$$;
comment on function private.uuid_v7(timestamptz) is
  'A version 7 uuid for a moment. Ids made one after another sort in that order, to about a microsecond.';

create function private.uuid_at(p_at timestamptz)
returns uuid
language sql
immutable strict parallel safe
set search_path = ''
return (
  encode(substring(int8send(floor(extract(epoch from p_at) * 1000)::bigint) from 3), 'hex') || '70008000000000000000'
)::uuid;
comment on function private.uuid_at(timestamptz) is
  'The smallest version 7 uuid of a moment: turns a time filter into an id range, which prunes partitions.';

create function private.uuid_time(p_id uuid)
returns timestamptz
language sql
immutable strict parallel safe
set search_path = ''
return to_timestamp(('x' || left(replace(p_id::text, '-', ''), 12))::bit(48)::bigint / 1000.0);
comment on function private.uuid_time(uuid) is 'When a version 7 uuid was made, to the millisecond.';
-- What each platform takes, as dated data. The lists of platforms in the original schema are foreign keys to this table.

create table public.platforms (
  platform text primary key,
  label text not null,
  aspect text not null check (aspect in ('16:9', '9:16', '1:1', '4:5')),
  width int not null check (width % 2 = 0 and width between 16 and 7680),
  height int not null check (height % 2 = 0 and height between 16 and 7680),
  min_duration_ms int not null default 0 check (min_duration_ms >= 0),
  max_duration_ms bigint not null check (max_duration_ms > min_duration_ms),
  max_size_bytes bigint not null check (max_size_bytes > 0),
  min_fps int not null default 23,
  max_fps int not null default 60 check (max_fps >= min_fps),
  max_gop_frames int not null check (max_gop_frames > 0),
  max_video_bit_rate int not null check (max_video_bit_rate > 0),
  audio_bit_rate int not null default 128000 check (audio_bit_rate between 32000 and 512000),
  refuses_edit_list boolean not null default false,
  thumbnail_width int not null,
  thumbnail_height int not null,
  max_thumbnail_bytes int not null default 2000000,
  max_title_chars int not null default 100,
  max_description_chars int not null default 2000,
  max_hashtags int not null default 10,
  is_offered boolean not null default true,
  source text not null default '',
  checked_on date
);
comment on table public.platforms is
  'Rules of each platform, dated, with their source. An operator may change a row when a platform changes its rules.';
comment on column public.platforms.is_offered is 'False for rows that only older data refers to; new batches refuse them.';
comment on column public.platforms.max_gop_frames is 'Longest distance between key frames, in frames.';
comment on column public.platforms.checked_on is 'When the rules were last read at their source.';

alter table public.platforms enable row level security;
create policy "Everybody signed in reads the platform rules" on public.platforms
for select to authenticated using (true);
grant select on public.platforms to authenticated;
grant select, insert, update on public.platforms to service_role;

insert into public.platforms (
  platform, label, aspect, width, height, min_duration_ms, max_duration_ms, max_size_bytes, min_fps, max_fps,
  max_gop_frames, max_video_bit_rate, audio_bit_rate, refuses_edit_list, thumbnail_width, thumbnail_height,
  max_thumbnail_bytes, max_title_chars, max_description_chars, max_hashtags, is_offered, source, checked_on
) values
('youtube', 'YouTube', '16:9', 1920, 1080, 1000, 43200000, 256000000000, 24, 60,
  15, 12000000, 192000, true, 1280, 720, 2000000, 100, 5000, 15, true, 'support.google.com/youtube/answer/1722171', '2025-11-01'),
('youtube_shorts', 'YouTube Shorts', '9:16', 1080, 1920, 1000, 180000, 256000000000, 24, 60,
  15, 12000000, 192000, true, 1080, 1920, 2000000, 100, 5000, 15, true, 'support.google.com/youtube/answer/15424877', '2025-11-01'),
('tiktok', 'TikTok', '9:16', 1080, 1920, 3000, 600000, 1000000000, 23, 60,
  60, 25000000, 128000, false, 1080, 1920, 2000000, 90, 2200, 10, true, 'developers.tiktok.com/doc/content-posting-api-media-transfer-guide', '2025-11-01'),
('instagram', 'Instagram Reels', '9:16', 1080, 1920, 3000, 90000, 300000000, 23, 60,
  60, 25000000, 128000, true, 1080, 1920, 2000000, 100, 2200, 10, true, 'developers.facebook.com/docs/instagram-platform', '2025-11-01'),
('linkedin', 'LinkedIn', '16:9', 1920, 1080, 3000, 1800000, 500000000, 10, 60,
  60, 30000000, 128000, false, 1280, 720, 2000000, 200, 3000, 10, true, 'linkedin.com/help/linkedin/answer/a548372', '2025-11-01'),
('twitter', 'X', '16:9', 1280, 720, 500, 140000, 512000000, 23, 60,
  60, 25000000, 128000, false, 1280, 720, 2000000, 100, 280, 5, true, 'docs.x.com/x-api/media', '2025-11-01'),
('universal', 'Any platform', '16:9', 1920, 1080, 0, 43200000, 256000000000, 1, 120,
  600, 100000000, 192000, false, 1280, 720, 2000000, 200, 5000, 30, false, 'material that belongs to no single platform', null);
-- Tenants, memberships, and the one helper that every policy reads.

create table public.tenants (
  id uuid primary key default private.uuid_v7(),
  name text not null check (name <> '' and length(name) <= 200),
  plan text not null default 'standard' check (plan in ('standard', 'premium')),
  max_concurrent_tasks int default 64 check (max_concurrent_tasks > 0),
  settings jsonb not null default '{}' check (jsonb_typeof(settings) = 'object'),
  epoch int not null default 1,
  last_batch_number bigint not null default 0,
  paused_at timestamptz,
  paused_by uuid references auth.users (id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  constraint tenants_paused_by_needs_paused_at check (paused_by is null or paused_at is not null)
);
comment on table public.tenants is 'A customer: the unit of isolation, of caps and of fair shares.';
comment on column public.tenants.max_concurrent_tasks is 'Most tasks queued or running at once; null for no cap of its own.';
comment on column public.tenants.epoch is 'Part of every live topic; raised when a member is removed, so that old topics go silent.';
comment on column public.tenants.last_batch_number is 'Counter behind batches.number.';
create index tenants_paused_by on public.tenants (paused_by);

create table public.memberships (
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  role text not null default 'viewer' check (role in ('owner', 'admin', 'editor', 'viewer')),
  analytics_scope text not null default 'tenant' check (analytics_scope in ('none', 'project', 'tenant')),
  created_at timestamptz not null default now(),
  primary key (tenant_id, user_id)
);
comment on table public.memberships is 'Who belongs to which tenant, and as what.';
comment on column public.memberships.role is
  'viewer reads; editor also creates, and controls what it owns or is a member of; admin and owner manage all.';
comment on column public.memberships.analytics_scope is
  'Whose figures a member sees: none, those of its own projects, or all of the tenant.';
create index memberships_user_id on public.memberships (user_id);

create function private.claims()
returns jsonb
language sql
stable parallel safe
set search_path = ''
return coalesce(nullif(current_setting('request.jwt.claims', true), ''), '{}')::jsonb;
comment on function private.claims() is 'Claims of the verified token that this transaction acts for; empty when there is none.';

create function private.user_id()
returns uuid
language sql
stable parallel safe
set search_path = ''
return nullif(private.claims() ->> 'sub', '')::uuid;
comment on function private.user_id() is 'The signed-in user, or null.';

create function private.membership()
returns public.memberships
language sql
stable
-- definer: a policy on memberships itself would otherwise call itself.
security definer
set search_path = ''
as $$
  select m.*
  from public.memberships as m
  join public.tenants as t on t.id = m.tenant_id and t.deleted_at is null
  where m.user_id = private.user_id()
    and m.tenant_id = nullif(private.claims() ->> 'tenant_id', '')::uuid
$$;
comment on function private.membership() is
  'The caller''s membership in the tenant its token names, as it stands now: a removed member has none, whatever the token says.';

create function private.tenant_id()
returns uuid
language sql
stable
set search_path = ''
return (private.membership()).tenant_id;
comment on function private.tenant_id() is 'The tenant the caller acts in, or null. Every policy compares with this.';

create function private.has_role(p_lowest text)
returns boolean
language sql
stable
set search_path = ''
return coalesce(
  array_position(array['viewer', 'editor', 'admin', 'owner'], (private.membership()).role)
  >= array_position(array['viewer', 'editor', 'admin', 'owner'], p_lowest), false);
comment on function private.has_role(text) is 'Whether the caller''s role in its tenant is this one or a higher one.';

grant execute on function private.claims(), private.user_id(), private.membership(), private.tenant_id(),
private.has_role(text) to authenticated, service_role;
grant execute on function private.uuid_v7(timestamptz), private.uuid_at(timestamptz), private.uuid_time(uuid)
to authenticated, service_role;

create function private.create_tenant_for_user()
returns trigger
language plpgsql
-- definer: the Auth service inserts the user and has no rights on our tables.
security definer
set search_path = ''
as $$
declare
  v_tenant_id uuid := private.uuid_v7();
begin
  insert into public.tenants (id, name)
  values (v_tenant_id, coalesce(nullif(new.raw_user_meta_data ->> 'tenant_name', ''), split_part(new.email, '@', 1), 'My team'));
  insert into public.memberships (tenant_id, user_id, role) values (v_tenant_id, new.id, 'owner');
  return new;
end
$$;
comment on function private.create_tenant_for_user() is 'Sign-up makes the user, a tenant and the owner''s membership in one transaction.';

create trigger create_tenant_for_user after insert on auth.users
for each row execute function private.create_tenant_for_user();

alter table public.tenants enable row level security;
create policy "Members read their tenant" on public.tenants
for select to authenticated using (id = (select private.tenant_id()));
create policy "Admins change their tenant" on public.tenants
for update to authenticated
using (id = (select private.tenant_id()) and (select private.has_role('admin')))
with check (id = (select private.tenant_id()));
grant select on public.tenants to authenticated;
grant update (name, settings) on public.tenants to authenticated;
grant select, insert, update, delete on public.tenants to service_role;

alter table public.memberships enable row level security;
create policy "Members see the members of their tenant, and their own memberships" on public.memberships
for select to authenticated
using (tenant_id = (select private.tenant_id()) or user_id = (select private.user_id()));
create policy "Admins add members below owner" on public.memberships
for insert to authenticated
with check (
  tenant_id = (select private.tenant_id())
  and ((select private.has_role('owner')) or ((select private.has_role('admin')) and role <> 'owner'))
);
create policy "Admins change members below owner" on public.memberships
for update to authenticated
using (
  tenant_id = (select private.tenant_id())
  and ((select private.has_role('owner')) or ((select private.has_role('admin')) and role <> 'owner'))
)
with check (
  tenant_id = (select private.tenant_id())
  and ((select private.has_role('owner')) or ((select private.has_role('admin')) and role <> 'owner'))
);
create policy "Admins remove members below owner, and members leave" on public.memberships
for delete to authenticated
using (
  tenant_id = (select private.tenant_id())
  and ((select private.has_role('owner')) or ((select private.has_role('admin')) and role <> 'owner')
    or user_id = (select private.user_id()))
);
grant select, insert, delete on public.memberships to authenticated;
grant update (role, analytics_scope) on public.memberships to authenticated;
grant select, insert, update, delete on public.memberships to service_role;

create function private.keep_an_owner()
returns trigger
language plpgsql
-- definer: counts owners and raises the epoch, whatever the one who leaves may see and write.
security definer
set search_path = ''
as $$
begin
  -- The tenant's row is locked so that two owners cannot leave at the same moment.
  perform from public.tenants where id = old.tenant_id for no key update;
  if found and old.role = 'owner' and not exists (
    select from public.memberships where tenant_id = old.tenant_id and role = 'owner'
  ) and exists (select from auth.users where id = old.user_id) then
    raise exception 'A tenant needs an owner, and this is its last one.'
      using errcode = 'CR004', hint = 'Make another member an owner first.';
  end if;
  -- Live topics carry the epoch: whoever just left can no longer follow them.
  if tg_op = 'DELETE' then
    update public.tenants set epoch = epoch + 1 where id = old.tenant_id;
  end if;
  return null;
end
$$;
comment on function private.keep_an_owner() is 'Refuses to leave a tenant without an owner; a removal starts the next epoch of its live topics.';
create trigger keep_an_owner after update of role or delete on public.memberships
for each row execute function private.keep_an_owner();
-- Projects: a channel or campaign. They own batches, scripts and everything made from them.

create table public.projects (
  id uuid primary key default private.uuid_v7(),
  tenant_id uuid not null default private.tenant_id() references public.tenants (id) on delete cascade,
  name text not null default '' check (length(name) <= 200),
  original_idea text not null,
  target_audience text,
  tone text check (tone in ('professional', 'casual', 'educational', 'entertaining', 'motivational')),
  status text not null default 'draft'
  check (status in ('draft', 'processing', 'completed', 'published', 'archived')),
  metadata jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
  owner_id uuid default private.user_id(),
  max_concurrent_tasks int check (max_concurrent_tasks > 0),
  paused_at timestamptz,
  paused_by uuid references auth.users (id) on delete set null,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  unique (tenant_id, id),
  foreign key (tenant_id, owner_id) references public.memberships (tenant_id, user_id) on delete set null (owner_id),
  constraint projects_paused_by_needs_paused_at check (paused_by is null or paused_at is not null)
);
comment on table public.projects is 'A channel or campaign of a tenant; owns batches, scripts and what is made from them.';
comment on column public.projects.name is 'What people call it; the idea itself stands in original_idea.';
comment on column public.projects.status is
  'How far its people say it is: draft, processing, completed, published or archived. Nothing in the queue depends on it.';
comment on column public.projects.owner_id is 'A member of the tenant; null once it has left, and admins take care of the project.';
comment on column public.projects.max_concurrent_tasks is 'Most tasks queued or running at once; null for no cap of its own.';
comment on column public.projects.version is 'Grows with every change of the row; the higher one is the newer one.';
create index projects_tenant_id_created_at on public.projects (tenant_id, created_at desc);
create index projects_tenant_id_status on public.projects (tenant_id, status);
create index projects_metadata on public.projects using gin (metadata jsonb_path_ops);
create index projects_tenant_id_owner_id on public.projects (tenant_id, owner_id);
create index projects_paused_by on public.projects (paused_by);

create table public.project_members (
  tenant_id uuid not null default private.tenant_id(),
  project_id uuid not null,
  user_id uuid not null,
  role text not null default 'editor' check (role in ('editor', 'viewer')),
  created_at timestamptz not null default now(),
  primary key (project_id, user_id),
  foreign key (tenant_id, project_id) references public.projects (tenant_id, id) on delete cascade,
  foreign key (tenant_id, user_id) references public.memberships (tenant_id, user_id) on delete cascade
);
comment on table public.project_members is 'Members who may work on a project they do not own. Leaving the tenant ends it.';
comment on column public.project_members.role is 'editor: controls the project as its owner does; viewer: sees its figures where analytics_scope is project.';
create index project_members_tenant_id_project_id on public.project_members (tenant_id, project_id);
create index project_members_tenant_id_user_id on public.project_members (tenant_id, user_id);

create function private.controlled_project_ids()
returns setof uuid
language sql
stable
-- definer: reads project_members on behalf of its own policy.
security definer
set search_path = ''
as $$
  select p.id
  from public.projects as p
  where p.tenant_id = (select private.tenant_id())
    and (
      (select private.has_role('admin'))
      or (
        (select private.has_role('editor'))
        and (
          p.owner_id = (select private.user_id())
          or exists (
            select from public.project_members as m
            where m.project_id = p.id and m.user_id = (select private.user_id()) and m.role = 'editor'
          )
        )
      )
    )
$$;
comment on function private.controlled_project_ids() is
  'Projects the caller may change: all for admins and owners, for editors those they own or are members of.';

create function private.analysed_project_ids()
returns setof uuid
language sql
stable
-- definer: reads project_members whatever the caller may see of it.
security definer
set search_path = ''
as $$
  select p.id
  from public.projects as p
  cross join private.membership() as me
  where p.tenant_id = me.tenant_id
    and (
      me.analytics_scope = 'tenant'
      or (
        me.analytics_scope = 'project'
        and (
          p.owner_id = me.user_id
          or exists (select from public.project_members as m where m.project_id = p.id and m.user_id = me.user_id)
        )
      )
    )
$$;
comment on function private.analysed_project_ids() is 'Projects whose figures the caller may see, by its analytics_scope.';

grant execute on function private.controlled_project_ids(), private.analysed_project_ids() to authenticated, service_role;

alter table public.projects enable row level security;
create policy "Members read their tenant's projects" on public.projects
for select to authenticated using (tenant_id = (select private.tenant_id()));
create policy "Editors create projects they own" on public.projects
for insert to authenticated
with check (
  tenant_id = (select private.tenant_id())
  and (select private.has_role('editor'))
  and (owner_id = (select private.user_id()) or (select private.has_role('admin')))
);
create policy "Those who control a project change it" on public.projects
for update to authenticated
using (tenant_id = (select private.tenant_id()) and id in (select private.controlled_project_ids()))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('editor')));
grant select on public.projects to authenticated;
grant insert (
  id, tenant_id, name, original_idea, target_audience, tone, status, metadata, owner_id, max_concurrent_tasks
) on public.projects to authenticated;
grant update (name, original_idea, target_audience, tone, status, metadata, max_concurrent_tasks, deleted_at)
on public.projects to authenticated;
grant select, insert, update, delete on public.projects to service_role;

alter table public.project_members enable row level security;
create policy "Members read who works on a project" on public.project_members
for select to authenticated using (tenant_id = (select private.tenant_id()));
create policy "Those who control a project add members" on public.project_members
for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and project_id in (select private.controlled_project_ids()));
create policy "Those who control a project change its members" on public.project_members
for update to authenticated
using (tenant_id = (select private.tenant_id()) and project_id in (select private.controlled_project_ids()))
with check (tenant_id = (select private.tenant_id()) and project_id in (select private.controlled_project_ids()));
create policy "Those who control a project remove members, and members leave" on public.project_members
for delete to authenticated
using (
  tenant_id = (select private.tenant_id())
  and (project_id in (select private.controlled_project_ids()) or user_id = (select private.user_id()))
);
grant select, insert, delete on public.project_members to authenticated;
grant update (role) on public.project_members to authenticated;
grant select, insert, update, delete on public.project_members to service_role;
-- Batches: one submission of topics. Counters are kept by the roll-up triggers and equal a recount at every commit.

create table public.batches (
  id uuid primary key default private.uuid_v7(),
  tenant_id uuid not null,
  project_id uuid not null,
  number bigint not null,
  title text not null default '' check (length(title) <= 200),
  status text not null default 'pending'
  check (status in ('pending', 'processing', 'completed', 'partial', 'failed', 'cancelled')),
  options jsonb not null default '{}' check (jsonb_typeof(options) = 'object'),
  max_concurrent_tasks int check (max_concurrent_tasks > 0),
  job_count int not null default 0,
  pending_count int not null default 0 check (pending_count >= 0),
  processing_count int not null default 0 check (processing_count >= 0),
  completed_count int not null default 0 check (completed_count >= 0),
  failed_count int not null default 0 check (failed_count >= 0),
  cancelled_count int not null default 0 check (cancelled_count >= 0),
  progress_sum bigint not null default 0,
  progress int not null generated always as (case when job_count = 0 then 0 else progress_sum / job_count end) stored,
  paused_at timestamptz,
  paused_by uuid references auth.users (id) on delete set null,
  version bigint not null default 1,
  created_by uuid references auth.users (id) on delete set null,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  completed_at timestamptz,
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  unique (tenant_id, id),
  unique (tenant_id, number),
  foreign key (tenant_id, project_id) references public.projects (tenant_id, id) on delete cascade,
  constraint batches_counts_add_up
  check (job_count = pending_count + processing_count + completed_count + failed_count + cancelled_count),
  constraint batches_started_has_started_at check (status in ('pending', 'cancelled') or started_at is not null),
  constraint batches_ended_has_completed_at
  check ((status in ('completed', 'partial', 'failed', 'cancelled')) = (completed_at is not null)),
  constraint batches_paused_by_needs_paused_at check (paused_by is null or paused_at is not null)
);
comment on table public.batches is 'One submission of topics: as many jobs, started, watched and ended together.';
comment on column public.batches.number is 'Short name for people, counted per tenant.';
comment on column public.batches.status is
  'pending: nothing started; processing: some started; completed: all jobs completed; partial: ended with some failed; '
  'failed: ended with all failed; cancelled: ended by withdrawal, none failed. Paused is paused_at, not a status.';
comment on column public.batches.progress_sum is 'Sum of the jobs'' progress; progress is its average.';
create index batches_tenant_id_created_at on public.batches (tenant_id, created_at desc);
create index batches_tenant_id_project_id on public.batches (tenant_id, project_id);
create index batches_created_by on public.batches (created_by);
create index batches_paused_by on public.batches (paused_by);

create table public.idempotency_keys (
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  key text not null check (length(key) between 1 and 200),
  request_hash text not null,
  batch_id uuid,
  created_at timestamptz not null default now(),
  primary key (tenant_id, key),
  foreign key (tenant_id, batch_id) references public.batches (tenant_id, id) on delete cascade
);
comment on table public.idempotency_keys is
  'Keys already used by a request, so that the same request sent twice is carried out once. Unpartitioned, because a key is unique across months.';
comment on column public.idempotency_keys.request_hash is 'sha256 of the request: the same key with another request is refused.';
create index idempotency_keys_tenant_id_batch_id on public.idempotency_keys (tenant_id, batch_id);

alter table public.batches enable row level security;
create policy "Members read their tenant's batches" on public.batches
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.batches to authenticated;
grant select, insert, update, delete on public.batches to service_role;

alter table public.idempotency_keys enable row level security;
create policy "Members read their tenant's used keys" on public.idempotency_keys
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.idempotency_keys to authenticated;
grant select, insert, update, delete on public.idempotency_keys to service_role;

alter publication supabase_realtime add table public.projects, public.batches;
-- Jobs: one video each. Partitioned by the month in their id.

create table public.generation_jobs (
  id uuid not null default private.uuid_v7(),
  tenant_id uuid not null,
  project_id uuid not null,
  batch_id uuid not null,
  position int not null check (position > 0),
  job_type text not null default 'single' check (job_type in (
    'single', 'batch', 'script_generation', 'video_generation', 'audio_generation', 'platform_adaptation'
  )),
  status text not null default 'pending'
  check (status in ('pending', 'processing', 'completed', 'failed', 'cancelled')),
  lane text not null default 'standard' check (lane in ('urgent', 'premium', 'standard')),
  topic text not null,
  platforms text[] not null default '{}',
  params jsonb not null default '{}' check (jsonb_typeof(params) = 'object'),
  generation int not null default 1 check (generation > 0),
  stage text,
  progress int not null default 0 check (progress between 0 and 100),
  total_steps int not null default 5,
  current_step int not null default 0 check (current_step between 0 and total_steps),
  error_code text,
  error_message text,
  next_step text,
  result_data jsonb,
  paused_at timestamptz,
  paused_by uuid references auth.users (id) on delete set null,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  started_at timestamptz,
  completed_at timestamptz,
  primary key (id),
  unique (tenant_id, id),
  foreign key (tenant_id, project_id) references public.projects (tenant_id, id) on delete cascade,
  foreign key (tenant_id, batch_id) references public.batches (tenant_id, id) on delete cascade,
  constraint generation_jobs_started_has_started_at check (status in ('pending', 'cancelled') or started_at is not null),
  constraint generation_jobs_ended_has_completed_at
  check ((status in ('completed', 'failed', 'cancelled')) = (completed_at is not null)),
  constraint generation_jobs_failed_has_error check (status <> 'failed' or error_message is not null),
  constraint generation_jobs_paused_by_needs_paused_at check (paused_by is null or paused_at is not null)
) partition by range (id);
comment on table public.generation_jobs is 'One video: a topic on its way to a package for each platform asked for.';
comment on column public.generation_jobs.status is
  'pending: nothing started; processing: some task started; completed: every platform has its validated package; '
  'failed: at least one has none and nothing more can run; cancelled: withdrawn. Paused is paused_at, not a status.';
comment on column public.generation_jobs.position is 'Place in its batch, from 1.';
comment on column public.generation_jobs.params is 'brief, audience, tone, script_type, language, duration_s, voice, images.';
comment on column public.generation_jobs.generation is 'Counts retries of the job from 1; progress never goes back within one.';
comment on column public.generation_jobs.current_step is 'How many of the stages are done.';
comment on column public.generation_jobs.result_data is 'Per platform what there is and what is missing, once the job has ended.';
create index generation_jobs_tenant_id_batch_id on public.generation_jobs (tenant_id, batch_id, position);
create index generation_jobs_tenant_id_project_id on public.generation_jobs (tenant_id, project_id, id);
create index generation_jobs_tenant_id_status on public.generation_jobs (tenant_id, status, id);
create index generation_jobs_result_data on public.generation_jobs using gin (result_data jsonb_path_ops);
create index generation_jobs_paused_by on public.generation_jobs (paused_by) where paused_by is not null;

alter table public.generation_jobs enable row level security;
create policy "Members read their tenant's jobs" on public.generation_jobs
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.generation_jobs to authenticated;
grant select, insert, update, delete on public.generation_jobs to service_role;
-- Tasks and attempts: the work of a job. Partitioned by the job's id, so a month of jobs and of its tasks is one slice.

create table public.stage_tasks (
  job_id uuid not null,
  id uuid not null default private.uuid_v7(),
  tenant_id uuid not null,
  project_id uuid not null,
  batch_id uuid not null,
  stage text not null check (stage in (
    'script_generation', 'audio_generation', 'video_generation', 'platform_adaptation', 'post_processing'
  )),
  scene_number int check (scene_number > 0),
  aspect text,
  width int,
  height int,
  platform text references public.platforms (platform),
  position int not null default 0,
  lane text not null,
  needs uuid[] not null default '{}',
  status text not null default 'pending' check (status in (
    'blocked', 'pending', 'queued', 'processing', 'completed', 'failed', 'cancelled'
  )),
  generation int not null default 1,
  progress int not null default 0 check (progress between 0 and 100),
  failure_count int not null default 0,
  lost_count int not null default 0,
  run_at timestamptz,
  held_at timestamptz,
  awaits_key text,
  is_waiting boolean not null generated always as (
    status = 'pending' and run_at is null and held_at is null and awaits_key is null
  ) stored,
  entry_id bigint,
  attempt_id uuid,
  worker_id uuid,
  content_key text,
  is_reused boolean not null default false,
  error_code text,
  error_message text,
  next_step text,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  queued_at timestamptz,
  started_at timestamptz,
  completed_at timestamptz,
  primary key (job_id, id),
  foreign key (tenant_id, job_id) references public.generation_jobs (tenant_id, id) on delete cascade,
  constraint stage_tasks_once_per_job
  unique nulls not distinct (job_id, stage, scene_number, width, height, platform),
  constraint stage_tasks_queued_has_entry check (status <> 'queued' or (entry_id is not null and queued_at is not null)),
  constraint stage_tasks_processing_has_attempt
  check ((status = 'processing') <= (attempt_id is not null and worker_id is not null and started_at is not null)),
  constraint stage_tasks_ended_has_completed_at
  check ((status in ('completed', 'failed', 'cancelled')) = (completed_at is not null)),
  constraint stage_tasks_completed_has_key check (status <> 'completed' or content_key is not null),
  constraint stage_tasks_failed_has_error check (status <> 'failed' or (error_code is not null and error_message is not null)),
  constraint stage_tasks_only_pending_waits
  check (status = 'pending' or (run_at is null and held_at is null and awaits_key is null))
) partition by range (job_id);
comment on table public.stage_tasks is 'One stage of one job, for one scene or one platform where the stage fans out.';
comment on column public.stage_tasks.status is
  'blocked: waits for tasks it needs; pending: may run; queued: released to the queue; processing: a worker has it; '
  'completed; failed: for good, a dead letter; cancelled: withdrawn.';
comment on column public.stage_tasks.needs is 'Tasks of the same job that must be completed first.';
comment on column public.stage_tasks.run_at is 'Pending, but not before this moment: the end of a backoff.';
comment on column public.stage_tasks.held_at is 'Pending, but held back because its job is paused.';
comment on column public.stage_tasks.awaits_key is 'Pending until the artifact of this key, which another task is computing, is there.';
comment on column public.stage_tasks.is_waiting is 'Whether it may be released now, as far as it itself is concerned.';
comment on column public.stage_tasks.entry_id is 'Its entry in the queue library, while queued or processing.';
comment on column public.stage_tasks.attempt_id is
  'The fencing token: only this attempt may report, complete or fail the task. Kept by a completed task.';
comment on column public.stage_tasks.failure_count is 'Attempts of this generation that raised an error.';
comment on column public.stage_tasks.lost_count is 'Attempts of this generation whose worker died.';
comment on column public.stage_tasks.is_reused is 'Whether the result was there already and nothing was computed.';
create index stage_tasks_tenant_id_job_id on public.stage_tasks (tenant_id, job_id);
create index stage_tasks_waiting on public.stage_tasks (batch_id, stage, lane, job_id, position) where is_waiting;
create index stage_tasks_backing_off on public.stage_tasks (run_at) where run_at is not null;
create index stage_tasks_awaits_key on public.stage_tasks (tenant_id, awaits_key) where awaits_key is not null;
create index stage_tasks_active on public.stage_tasks (stage) where status in ('queued', 'processing');
create index stage_tasks_worker_id on public.stage_tasks (worker_id) where status = 'processing';
create index stage_tasks_failed on public.stage_tasks (tenant_id, error_code) where status = 'failed';
create index stage_tasks_platform on public.stage_tasks (platform) where platform is not null;

create table public.task_attempts (
  job_id uuid not null,
  id uuid not null default private.uuid_v7(),
  task_id uuid not null,
  tenant_id uuid not null,
  generation int not null,
  number int not null,
  status text not null default 'processing'
  check (status in ('processing', 'completed', 'failed', 'lost', 'handed_back', 'cancelled')),
  worker_id uuid not null,
  host text not null default '',
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  error_code text,
  error_message text,
  next_step text,
  is_retriable boolean,
  timings jsonb not null default '{}' check (jsonb_typeof(timings) = 'object'),
  primary key (job_id, id),
  foreign key (tenant_id, job_id) references public.generation_jobs (tenant_id, id) on delete cascade,
  foreign key (job_id, task_id) references public.stage_tasks (job_id, id) on delete cascade,
  constraint task_attempts_ended_has_finished_at check ((status = 'processing') = (finished_at is null)),
  constraint task_attempts_failed_has_error check (status <> 'failed' or error_code is not null)
) partition by range (job_id);
comment on table public.task_attempts is 'One try of a task: who, when, how it ended. Its id is the fencing token.';
comment on column public.task_attempts.status is
  'processing: running; completed; failed: raised an error; lost: its worker died; handed_back: its worker was stopped; cancelled.';
comment on column public.task_attempts.timings is 'Milliseconds by name, like fetch_ms, run_ms, store_ms, and peak_memory_bytes.';
create index task_attempts_job_id_task_id on public.task_attempts (job_id, task_id);
create index task_attempts_tenant_id_job_id on public.task_attempts (tenant_id, job_id);

alter table public.stage_tasks enable row level security;
create policy "Members read their tenant's tasks" on public.stage_tasks
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.stage_tasks to authenticated;
grant select, insert, update, delete on public.stage_tasks to service_role;

alter table public.task_attempts enable row level security;
create policy "Members read their tenant's attempts" on public.task_attempts
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.task_attempts to authenticated;
grant select, insert, update, delete on public.task_attempts to service_role;
-- Artifacts: results named by what they were made from. Equal work of a tenant is done once.

create table public.artifacts (
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  content_key text not null check (content_key ~ '^[0-9a-f]{64}$'),
  stage text not null,
  stage_version text not null,
  status text not null default 'computing' check (status in ('computing', 'ready')),
  attempt_id uuid not null,
  job_id uuid not null,
  task_id uuid not null,
  facts jsonb check (jsonb_typeof(facts) = 'object'),
  files jsonb not null default '[]' check (jsonb_typeof(files) = 'array'),
  size_bytes bigint not null default 0 check (size_bytes >= 0),
  reuse_count int not null default 0,
  created_at timestamptz not null default now(),
  ready_at timestamptz,
  last_used_at timestamptz not null default now(),
  primary key (tenant_id, content_key),
  constraint artifacts_ready_has_facts check ((status = 'ready') = (ready_at is not null and facts is not null))
);
comment on table public.artifacts is
  'Stage results by content key = sha256(stage, stage version, canonical inputs). Immutable once ready; shared inside a tenant only.';
comment on column public.artifacts.status is 'computing: the named attempt is making it, and others wait; ready: facts and files are there.';
comment on column public.artifacts.attempt_id is 'The attempt that makes or made it. No foreign key: artifacts outlive jobs.';
comment on column public.artifacts.files is 'Stored files: role, name, sha256, path, size_bytes, media_type.';

alter table public.artifacts enable row level security;
create policy "Members read their tenant's artifacts" on public.artifacts
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.artifacts to authenticated;
grant select, insert, update, delete on public.artifacts to service_role;
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
  unique (tenant_id, scene_id),
  foreign key (tenant_id, scene_id) references public.scenes (tenant_id, id) on delete cascade
);
comment on table public.content_library is
  'Reusable scenes with tags and figures. In the category `public`, text, tags and preview are shared with every tenant, on purpose.';
comment on column public.content_library.preview_text is 'What other tenants see of a public scene, because they cannot read the scene itself.';
create index content_library_tenant_id_scene_id on public.content_library (tenant_id, scene_id);
create index content_library_performance on public.content_library (tenant_id, performance_score desc);
create index content_library_usage on public.content_library (tenant_id, usage_count desc);
create index content_library_tags on public.content_library using gin (specific_tags jsonb_path_ops, generic_tags jsonb_path_ops);
create index content_library_public on public.content_library (performance_score desc) where library_category = 'public';

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
create policy "Members read their tenant's library, and everybody signed in the public one" on public.content_library
for select to authenticated using (tenant_id = (select private.tenant_id()) or library_category = 'public');
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
-- What happened, what is to be told, and what older ids became.

create table public.job_events (
  job_id uuid not null,
  id uuid not null default private.uuid_v7(),
  tenant_id uuid not null,
  project_id uuid not null,
  batch_id uuid not null,
  task_id uuid,
  stage text,
  status text not null,
  progress int not null default 0,
  current_step int not null default 0,
  total_steps int not null default 0,
  retries int not null default 0,
  error_code text,
  error_message text,
  created_at timestamptz not null default now(),
  primary key (job_id, id)
) partition by range (job_id);
comment on table public.job_events is
  'Every change of state of jobs and tasks, append-only. Without foreign keys, so that it outlives what it tells of.';
comment on column public.job_events.status is 'What the task, or the job, has become: a status of stage_tasks or generation_jobs.';
comment on column public.job_events.task_id is 'Null where the event is the job''s own.';
create index job_events_tenant_id_batch_id on public.job_events (tenant_id, batch_id, id);

create table public.realtime_outbox (
  id bigint generated always as identity primary key,
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  topic text not null,
  entity text not null check (entity in ('batch', 'job', 'task', 'event')),
  entity_id uuid not null,
  job_id uuid,
  version bigint not null,
  created_at timestamptz not null default now()
);
comment on table public.realtime_outbox is 'Rows that changed and are still to be sent on a live topic. Holds names, never payloads: a sender reads the row as it is then.';
create index realtime_outbox_topic on public.realtime_outbox (topic, id);
create index realtime_outbox_tenant_id on public.realtime_outbox (tenant_id);

create table public.feature_flags (
  id uuid primary key default private.uuid_v7(),
  name text not null check (name ~ '^[a-z][a-z0-9_]*$'),
  tenant_id uuid references public.tenants (id) on delete cascade,
  is_enabled boolean not null default false,
  note text not null default '',
  updated_at timestamptz not null default now(),
  unique nulls not distinct (name, tenant_id)
);
comment on table public.feature_flags is 'Switches, for all (tenant_id null) or for one tenant, which then wins.';
create index feature_flags_tenant_id on public.feature_flags (tenant_id);

create table public.legacy_ids (
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  entity text not null,
  legacy_id text not null,
  id uuid not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, entity, legacy_id)
);
comment on table public.legacy_ids is 'Ids of the system that was extended, which stay valid in the API, and the ids the rows have here.';
create index legacy_ids_id on public.legacy_ids (tenant_id, id);

alter table public.job_events enable row level security;
create policy "Members read their tenant's events" on public.job_events
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.job_events to authenticated;
grant select, insert on public.job_events to service_role;

alter table public.realtime_outbox enable row level security;
create policy "Nobody reads the outbox through the API" on public.realtime_outbox
for select to authenticated using (false);
grant select, insert, delete on public.realtime_outbox to service_role;

alter table public.feature_flags enable row level security;
create policy "Members read the flags of all and of their tenant" on public.feature_flags
for select to authenticated using (tenant_id is null or tenant_id = (select private.tenant_id()));
grant select on public.feature_flags to authenticated;
grant select, insert, update, delete on public.feature_flags to service_role;

alter table public.legacy_ids enable row level security;
create policy "Members read their tenant's older ids" on public.legacy_ids
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.legacy_ids to authenticated;
grant select, insert, update, delete on public.legacy_ids to service_role;
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
  ('job_events', true), ('performance_metrics', false)
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
