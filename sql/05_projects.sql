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

create function private.restorable_project_ids()
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
comment on function private.restorable_project_ids() is
  'Projects the caller may change or, while they are deleted softly, restore: all for admins and owners, for editors those they own or are members of.';

create function private.controlled_project_ids()
returns setof uuid
language sql
stable
set search_path = ''
as $$
  select p.id
  from public.projects as p
  where p.tenant_id = (select private.tenant_id()) and p.deleted_at is null and p.id in (select private.restorable_project_ids())
$$;
comment on function private.controlled_project_ids() is
  'Projects the caller may work in: those it may change, without deleted ones.';

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

grant execute on function private.restorable_project_ids(), private.controlled_project_ids(), private.analysed_project_ids()
to authenticated, service_role;

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
-- Also a deleted one, which is restored by emptying deleted_at.
using (tenant_id = (select private.tenant_id()) and id in (select private.restorable_project_ids()))
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
