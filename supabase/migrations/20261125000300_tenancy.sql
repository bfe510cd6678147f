-- Sign-in, tenancy and security: the hook of Supabase Auth, invitations, storage, assets, and what counts attempts.

-- sql/01_schemas.sql

do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'cliprow_api') then
    create role cliprow_api nologin noinherit;
  end if;
end
$$;
comment on role cliprow_api is
  'The REST API: becomes authenticated or anon for each request, as the caller, and by itself may call what is made for it, and nothing else.';
grant anon to cliprow_api;
grant authenticated to cliprow_api;
grant usage on schema private to cliprow_api;

-- sql/04_tenancy.sql

create or replace function private.create_tenant_for_user()
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

drop policy "Admins add members below owner" on public.memberships;
revoke insert on public.memberships from authenticated;

-- sql/05_projects.sql

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

create or replace function private.controlled_project_ids()
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
grant execute on function private.restorable_project_ids() to authenticated, service_role;

alter policy "Those who control a project change it" on public.projects
using (tenant_id = (select private.tenant_id()) and id in (select private.restorable_project_ids()));

-- sql/36_sign_in.sql

-- Sign-in: which tenant a token names, and how a user makes and changes tenants.

create table private.tenant_choices (
  session_id uuid primary key references auth.sessions (id) on delete cascade,
  tenant_id uuid not null,
  user_id uuid not null,
  chosen_at timestamptz not null default now(),
  foreign key (tenant_id, user_id) references public.memberships (tenant_id, user_id) on delete cascade
);
comment on table private.tenant_choices is
  'The tenant that a user of several chose for one sign-in. Gone with the sign-in, and with the membership.';
create index tenant_choices_tenant_id_user_id on private.tenant_choices (tenant_id, user_id);

create function private.membership_of_session(p_user_id uuid, p_session_id uuid)
returns public.memberships
language sql
stable
set search_path = ''
as $$
  select m.*
  from public.memberships as m
  join public.tenants as t on t.id = m.tenant_id and t.deleted_at is null
  left join private.tenant_choices as c
    on c.session_id = p_session_id and c.tenant_id = m.tenant_id and c.user_id = m.user_id
  where m.user_id = p_user_id
  order by c.session_id is null, m.created_at, m.tenant_id
  limit 1
$$;
comment on function private.membership_of_session(uuid, uuid) is
  'The membership that a sign-in acts under: in the tenant chosen for it, else in the one that the user has been in longest. Null without any.';

create function private.custom_access_token(event jsonb)
returns jsonb
language sql
stable
-- definer: so that the Auth service may ask this one question, and needs no rights on our tables.
security definer
set search_path = ''
as $$
  select jsonb_build_object('claims', (event -> 'claims') - '{tenant_id,project_role,analytics_scope}'::text []
    || case when m.tenant_id is null then '{}' else jsonb_build_object(
      'tenant_id', m.tenant_id, 'project_role', m.role, 'analytics_scope', m.analytics_scope) end)
  from (select (private.membership_of_session(
    (event ->> 'user_id')::uuid, nullif(event -> 'claims' ->> 'session_id', '')::uuid)).*) as m
$$;
comment on function private.custom_access_token(jsonb) is
  'Called by Supabase Auth for every token it issues: adds the claims tenant_id, project_role and analytics_scope. '
  'A user who is no member anywhere gets none of them, and so sees nothing.';
grant usage on schema private to supabase_auth_admin;
grant execute on function private.custom_access_token(jsonb) to supabase_auth_admin;
revoke execute on function private.custom_access_token(jsonb) from authenticated, anon, public;

create function public.switch_tenant(tenant_id uuid)
returns jsonb
language plpgsql
-- definer: sees all tenants of the user, not only the one that the token names, and keeps the choice out of reach.
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_session_id uuid := nullif(private.claims() ->> 'session_id', '')::uuid;
begin
  if not exists (
    select from public.memberships as m
    join public.tenants as t on t.id = m.tenant_id and t.deleted_at is null
    where m.user_id = private.user_id() and m.tenant_id = switch_tenant.tenant_id
  ) then
    raise exception 'You are not a member of the tenant %.', switch_tenant.tenant_id
      using errcode = 'CR002', hint = 'Choose one of those that list_my_tenants() shows.';
  end if;
  if not exists (select from auth.sessions as s where s.id = v_session_id and s.user_id = private.user_id()) then
    raise exception 'The sign-in that this token belongs to has ended.'
      using errcode = 'CR003', hint = 'Sign in again, then switch.';
  end if;
  insert into private.tenant_choices (session_id, tenant_id, user_id)
  values (v_session_id, switch_tenant.tenant_id, private.user_id())
  on conflict (session_id) do update set tenant_id = excluded.tenant_id, user_id = excluded.user_id, chosen_at = now();
  return jsonb_build_object('tenant_id', switch_tenant.tenant_id);
end
$$;
comment on function public.switch_tenant(uuid) is
  'Chooses the tenant of this sign-in, of which the next token tells: refresh to have it. Other sign-ins of the user stay as they are. '
  'Raises CR002 where the caller is no member, CR003 when the sign-in has ended.';

create function public.list_my_tenants()
returns table (id uuid, name text, role text, plan text, is_active boolean)
language sql
stable
-- definer: row-level security shows only the tenant that the token names.
security definer
set search_path = ''
as $$
  select t.id, t.name, m.role, t.plan, t.id is not distinct from private.tenant_id()
  from public.memberships as m
  join public.tenants as t on t.id = m.tenant_id and t.deleted_at is null
  where m.user_id = private.user_id()
  order by lower(t.name), t.id
$$;
comment on function public.list_my_tenants() is
  'The tenants that the caller is a member of, and as what; is_active marks the one that its token names.';

create function public.create_tenant(name text)
returns jsonb
language plpgsql
-- definer: users may not write tenants; whoever makes one becomes its owner.
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_name text := btrim(create_tenant.name);
  v_tenant_id uuid := private.uuid_v7();
begin
  if not exists (select from auth.users as u where u.id = private.user_id()) then
    raise exception 'You are not signed in.' using errcode = 'CR003', hint = 'Sign in first.';
  elsif v_name is null or length(v_name) not between 1 and 200 then
    raise exception 'The name of a tenant has 1 to 200 characters.' using errcode = 'CR001', hint = 'Give it another name.';
  elsif (select count(*) from public.memberships as m where m.user_id = private.user_id() and m.role = 'owner') >= 20 then
    -- Turns are shared out by tenant, so nobody may have any number of them.
    raise exception 'You own 20 tenants, which is as many as one user may.'
      using errcode = 'CR004', hint = 'Use one of them, or make somebody else its owner first.';
  end if;
  insert into public.tenants (id, name) values (v_tenant_id, v_name);
  insert into public.memberships (tenant_id, user_id, role) values (v_tenant_id, private.user_id(), 'owner');
  return jsonb_build_object('tenant_id', v_tenant_id);
end
$$;
comment on function public.create_tenant(text) is
  'A new tenant with the caller as its owner. switch_tenant() makes it the one that this sign-in acts in. Raises CR001, CR003 or CR004.';

grant execute on function public.switch_tenant(uuid), public.list_my_tenants(), public.create_tenant(text) to authenticated;

-- sql/37_invitations.sql

-- Invitations: how people come into a tenant. Nobody is added without having agreed to it.

create table public.invitations (
  id uuid primary key default private.uuid_v7(),
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  email text not null check (email = lower(btrim(email)) and length(email) between 3 and 320),
  role text not null check (role in ('owner', 'admin', 'editor', 'viewer')),
  analytics_scope text not null check (analytics_scope in ('none', 'project', 'tenant')),
  invited_by uuid references auth.users (id) on delete set null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  accepted_at timestamptz,
  accepted_by uuid references auth.users (id) on delete set null,
  revoked_at timestamptz,
  constraint invitations_accepted_or_revoked check (accepted_at is null or revoked_at is null),
  constraint invitations_accepted_by_needs_accepted_at check (accepted_by is null or accepted_at is not null)
);
comment on table public.invitations is
  'Who was asked to join a tenant, and as what. Only the user who has confirmed this e-mail address can accept, with the token, once.';
comment on column public.invitations.expires_at is 'Seven days after it was made.';
comment on column public.invitations.revoked_at is 'When it was withdrawn, or replaced by a newer one for the same address.';
create unique index invitations_open on public.invitations (tenant_id, email) where accepted_at is null and revoked_at is null;
create index invitations_tenant_id on public.invitations (tenant_id, created_at desc);
create index invitations_invited_by on public.invitations (invited_by);
create index invitations_accepted_by on public.invitations (accepted_by);

create table private.invitation_tokens (
  token_hash bytea primary key,
  invitation_id uuid not null unique references public.invitations (id) on delete cascade
);
comment on table private.invitation_tokens is
  'sha256 of the tokens of open invitations; whoever was invited has the token itself. A used or withdrawn one is deleted.';

create function private.new_token()
returns text
language sql
volatile
set search_path = ''
-- 244 bits from the system's source of randomness.
return replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
comment on function private.new_token() is 'A secret that cannot be guessed. It is shown once; only its hash is kept.';

create function private.token_hash(p_token text)
returns bytea
language sql
immutable
set search_path = ''
return sha256(convert_to(p_token, 'UTF8'));
comment on function private.token_hash(text) is 'What is kept of a token.';

create function private.check_may_invite(p_role text)
returns uuid
language plpgsql
stable
set search_path = ''
as $$
begin
  if private.tenant_id() is null then
    raise exception 'You are not signed in to a tenant.'
      using errcode = 'CR003', hint = 'Sign in, or ask an owner to invite you.';
  elsif not private.has_role('admin') then
    raise exception 'Your role does not allow you to invite people.'
      using errcode = 'CR003', hint = 'Ask an admin or owner of the tenant.';
  elsif p_role = 'owner' and not private.has_role('owner') then
    raise exception 'Only an owner makes owners.'
      using errcode = 'CR003', hint = 'Choose another role, or ask an owner.';
  end if;
  return private.tenant_id();
end
$$;
comment on function private.check_may_invite(text) is 'The caller''s tenant, if the caller may bring people of this role into it; raises otherwise.';

create function private.check_invitation(p_tenant_id uuid, p_email text, p_role text, p_analytics_scope text)
returns void
language plpgsql
stable
set search_path = ''
as $$
begin
  if p_email is null or p_email !~ '^[^@\s]+@[^@\s]+$' or length(p_email) > 320 then
    raise exception 'This is not an e-mail address.' using errcode = 'CR001', hint = 'Give one like name@example.org.';
  elsif p_role is null or p_role not in ('owner', 'admin', 'editor', 'viewer') then
    raise exception 'There is no role %.', coalesce(p_role, 'null')
      using errcode = 'CR001', hint = 'Choose owner, admin, editor or viewer.';
  elsif p_analytics_scope is null or p_analytics_scope not in ('none', 'project', 'tenant') then
    raise exception 'There is no analytics scope %.', coalesce(p_analytics_scope, 'null')
      using errcode = 'CR001', hint = 'Choose none, project or tenant.';
  elsif exists (
    select from public.memberships as m join auth.users as u on u.id = m.user_id
    where m.tenant_id = p_tenant_id and lower(u.email) = p_email
  ) then
    raise exception 'Whoever has this address is a member already.'
      using errcode = 'CR004', hint = 'Change the member''s role instead.';
  elsif (
    select count(*) from public.invitations as i
    where i.tenant_id = p_tenant_id and i.accepted_at is null and i.revoked_at is null and i.expires_at > now()
  ) >= 500 then
    raise exception 'There are 500 open invitations, which is as many as a tenant may have.'
      using errcode = 'CR004', hint = 'Withdraw some, or wait until some are accepted.';
  end if;
end
$$;
comment on function private.check_invitation(uuid, text, text, text) is 'Raises CR001 or CR004 unless this person can be invited so.';

create function private.withdraw_invitation(p_invitation_id uuid)
returns void
language sql
set search_path = ''
as $$
  update public.invitations set revoked_at = now() where id = p_invitation_id;
  delete from private.invitation_tokens where invitation_id = p_invitation_id;
$$;
comment on function private.withdraw_invitation(uuid) is 'Makes an open invitation worthless.';

create function public.invite_member(email text, role text default 'viewer', analytics_scope text default 'tenant')
returns jsonb
language plpgsql
-- definer: users may not write invitations; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_tenant_id uuid := private.check_may_invite(invite_member.role);
  v_email text := lower(btrim(invite_member.email));
  v_token text := private.new_token();
  v_old public.invitations;
  v_made public.invitations;
begin
  perform private.check_invitation(v_tenant_id, v_email, invite_member.role, invite_member.analytics_scope);
  select * into v_old from public.invitations as i
  where i.tenant_id = v_tenant_id and i.email = v_email and i.accepted_at is null and i.revoked_at is null
  for update;
  if found then
    perform private.check_may_invite(v_old.role);
    perform private.withdraw_invitation(v_old.id);
  end if;
  insert into public.invitations (tenant_id, email, role, analytics_scope, invited_by, expires_at)
  values (v_tenant_id, v_email, invite_member.role, invite_member.analytics_scope, private.user_id(), now() + interval '7 days')
  returning * into v_made;
  insert into private.invitation_tokens (token_hash, invitation_id) values (private.token_hash(v_token), v_made.id);
  return jsonb_build_object('invitation_id', v_made.id, 'token', v_token, 'expires_at', v_made.expires_at);
end
$$;
comment on function public.invite_member(text, text, text) is
  'Asks somebody to join the caller''s tenant, in place of an older invitation to this address. Returns the token, which is shown only here: '
  'give it to the person. Raises CR001, CR003 (not an admin; only an owner invites owners) or CR004 (a member already).';

create function private.open_invitation(p_token text)
returns public.invitations
language plpgsql
set search_path = ''
as $$
declare
  v_invitation public.invitations;
  v_inviter public.memberships;
begin
  select i.* into v_invitation
  from private.invitation_tokens as k
  join public.invitations as i on i.id = k.invitation_id
  join public.tenants as t on t.id = i.tenant_id and t.deleted_at is null
  where k.token_hash = private.token_hash(p_token)
  for update of i;
  if not found or v_invitation.accepted_at is not null or v_invitation.revoked_at is not null then
    raise exception 'There is no such invitation, or it was used, withdrawn or replaced.'
      using errcode = 'CR002', hint = 'Ask whoever invited you for a new one.';
  end if;
  -- Somebody who was put out, or is no admin any more, brings nobody in.
  select * into v_inviter from public.memberships where tenant_id = v_invitation.tenant_id and user_id = v_invitation.invited_by;
  if v_invitation.expires_at <= now() or not coalesce(
    v_inviter.role = 'owner' or (v_inviter.role = 'admin' and v_invitation.role <> 'owner'), false) then
    raise exception 'This invitation has expired, or whoever sent it may not invite you any more.'
      using errcode = 'CR004', hint = 'Ask for a new one.';
  end if;
  return v_invitation;
end
$$;
comment on function private.open_invitation(text) is 'The invitation of a token, locked, while it can be accepted; raises otherwise.';

create function private.check_invited(p_invitation public.invitations)
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  v_user auth.users;
begin
  select * into v_user from auth.users where id = private.user_id();
  if not found or lower(v_user.email) is distinct from p_invitation.email then
    raise exception 'This invitation is for another e-mail address than the one you signed in with.'
      using errcode = 'CR003', hint = 'Sign in with the address that was invited, or ask for an invitation to yours.';
  elsif v_user.email_confirmed_at is null then
    raise exception 'Your e-mail address is not confirmed yet.'
      using errcode = 'CR003', hint = 'Open the link in the message that was sent to it, then accept again.';
  elsif exists (
    select from public.memberships where tenant_id = p_invitation.tenant_id and user_id = v_user.id
  ) then
    raise exception 'You are a member of this tenant already.'
      using errcode = 'CR004', hint = 'Switch to it.';
  end if;
end
$$;
comment on function private.check_invited(public.invitations) is
  'Raises unless the caller is whom the invitation is for: asked of the user as it is now, not of what its token says.';

create function public.accept_invitation(token text)
returns jsonb
language plpgsql
-- definer: whoever accepts is no member yet, and users may not write memberships.
security definer
set search_path = ''
as $$
declare
  v_invitation public.invitations := private.open_invitation(token);
begin
  perform private.check_invited(v_invitation);
  insert into public.memberships (tenant_id, user_id, role, analytics_scope)
  values (v_invitation.tenant_id, private.user_id(), v_invitation.role, v_invitation.analytics_scope);
  update public.invitations set accepted_at = now(), accepted_by = private.user_id() where id = v_invitation.id;
  delete from private.invitation_tokens where invitation_id = v_invitation.id;
  return jsonb_build_object('tenant_id', v_invitation.tenant_id, 'role', v_invitation.role);
end
$$;
comment on function public.accept_invitation(text) is
  'Joins the tenant of an invitation, for the user with the confirmed address that was invited. switch_tenant() makes it the one that this '
  'sign-in acts in. Raises CR002 (no such token), CR003 (another or an unconfirmed address) or CR004 (expired, or a member already).';

create function public.revoke_invitation(invitation_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write invitations; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_tenant_id uuid := private.check_may_invite('viewer');
  v_invitation public.invitations;
begin
  select * into v_invitation from public.invitations as i
  where i.id = revoke_invitation.invitation_id and i.tenant_id = v_tenant_id
  for update;
  if not found then
    raise exception 'There is no invitation %.', revoke_invitation.invitation_id
      using errcode = 'CR002', hint = 'List the invitations, and use the id of one of them.';
  elsif v_invitation.accepted_at is not null then
    raise exception 'This invitation was accepted already.'
      using errcode = 'CR004', hint = 'Remove the member instead.';
  end if;
  perform private.check_may_invite(v_invitation.role);
  if v_invitation.revoked_at is null then
    perform private.withdraw_invitation(v_invitation.id);
  end if;
  return jsonb_build_object('invitation_id', v_invitation.id);
end
$$;
comment on function public.revoke_invitation(uuid) is 'Withdraws an invitation. Once more does no harm. Raises CR002, CR003 or CR004 (accepted already).';

alter table public.invitations enable row level security;
create policy "Admins read their tenant's invitations" on public.invitations
for select to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));
grant select on public.invitations to authenticated;
grant select, insert, update, delete on public.invitations to service_role;
grant execute on function
public.invite_member(text, text, text), public.accept_invitation(text), public.revoke_invitation(uuid)
to authenticated;

-- sql/38_storage.sql

-- Storage: the bucket `media`, and who may read and write what in it. Its folders are named after tenants.
--   {tenant_id}/uploads/...             what users bring: pictures, clips
--   {tenant_id}/artifacts/{sha256}      what workers make
-- Files are never changed under their name, so users may neither overwrite nor remove: work under way may need them.

-- How large a file may be is the project's own setting.
insert into storage.buckets (id, name, public, allowed_mime_types)
values ('media', 'media', false, array[
  'image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/avif', 'video/*', 'audio/*', 'application/json',
  'application/zip', 'application/x-subrip', 'text/vtt', 'text/plain', 'text/markdown', 'text/csv'
])
-- Of a project that had one already: whatever it was, it is private now.
on conflict (id) do update set public = false;

create policy "Members read what lies in their tenant's folder" on storage.objects
for select to authenticated
using (bucket_id = 'media' and (storage.foldername(name))[1] = (select private.tenant_id()::text));
create policy "Editors upload into their tenant's uploads" on storage.objects
for insert to authenticated
with check (
  bucket_id = 'media'
  and (storage.foldername(name))[1] = (select private.tenant_id()::text)
  and (storage.foldername(name))[2] = 'uploads'
  and (select private.has_role('editor'))
  -- No step up or aside, which a store of files might follow.
  and name !~ '(^|/)(\.{0,2})(/|$)'
);
