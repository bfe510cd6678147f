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
-- plpgsql, which keeps its plan: every query calls this, and until Postgres 18 an SQL function would be planned each time.
language plpgsql
stable
-- definer: a policy on memberships itself would otherwise call itself.
security definer
set search_path = ''
as $$
declare
  v_claims constant jsonb := private.claims();
  v_membership public.memberships;
begin
  select m.* into v_membership
  from public.memberships as m
  join public.tenants as t on t.id = m.tenant_id and t.deleted_at is null
  where m.user_id = nullif(v_claims ->> 'sub', '')::uuid and m.tenant_id = nullif(v_claims ->> 'tenant_id', '')::uuid;
  return v_membership;
end
$$;
comment on function private.membership() is
  'The caller''s membership in the tenant its token names, as it stands now: a removed member has none, whatever the token says.';

create function private.tenant_id()
returns uuid
language plpgsql
stable
set search_path = ''
as $$
begin
  return (private.membership()).tenant_id;
end
$$;
comment on function private.tenant_id() is 'The tenant the caller acts in, or null. Every policy compares with this.';

create function private.has_role(p_lowest text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
declare
  v_roles constant text [] := array['viewer', 'editor', 'admin', 'owner'];
begin
  return coalesce(array_position(v_roles, (private.membership()).role) >= array_position(v_roles, p_lowest), false);
end
$$;
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
  values (v_tenant_id, coalesce(
    nullif(left(btrim(new.raw_user_meta_data ->> 'tenant_name'), 200), ''), nullif(left(split_part(new.email, '@', 1), 200), ''), 'My team'));
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
-- Not insert: people join by accepting an invitation.
grant select, delete on public.memberships to authenticated;
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
