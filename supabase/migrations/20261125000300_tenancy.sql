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

-- sql/10_content.sql

comment on table public.content_library is
  'Reusable scenes with tags and figures. In the category `public`, tags and preview are shared with every tenant, on purpose, through public_library.';
drop policy "Members read their tenant's library, and everybody signed in the public one" on public.content_library;
create policy "Members read their tenant's library" on public.content_library
for select to authenticated using (tenant_id = (select private.tenant_id()));

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
declare
  v_tenant_id uuid := private.acting_tenant_id();
begin
  if not private.has_role('admin') then
    raise exception 'Your role does not allow you to invite people.'
      using errcode = 'CR003', hint = 'Ask an admin or owner of the tenant.';
  elsif p_role = 'owner' and not private.has_role('owner') then
    raise exception 'Only an owner makes owners.'
      using errcode = 'CR003', hint = 'Choose another role, or ask an owner.';
  end if;
  return v_tenant_id;
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

create function public.show_invitation(token text)
returns jsonb
language plpgsql
-- definer: whoever was invited is no member yet, and sees neither tenant nor invitation.
security definer
set search_path = ''
as $$
declare
  v_invitation public.invitations := private.open_invitation(token);
begin
  return (
    select jsonb_build_object(
      'tenant_id', t.id, 'tenant_name', t.name, 'role', v_invitation.role, 'expires_at', v_invitation.expires_at,
      'is_for_me', exists (
        select from auth.users as u where u.id = private.user_id() and lower(u.email) = v_invitation.email))
    from public.tenants as t where t.id = v_invitation.tenant_id);
end
$$;
comment on function public.show_invitation(text) is
  'What an invitation is to, for whoever has its token, before it is accepted; is_for_me says whether the caller''s address was invited. '
  'Raises CR002 or CR004, as accepting it would.';

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
public.invite_member(text, text, text), public.show_invitation(text), public.accept_invitation(text), public.revoke_invitation(uuid)
to authenticated;

-- sql/37_members.sql

-- Members: who they are, and calls that change what they are. Row-level security decides; the calls say why something was refused.

create function private.tenant_members()
returns table (user_id uuid, name text, email text, role text, analytics_scope text, created_at timestamptz, is_me boolean)
language sql
stable
-- definer: users may not read auth.users. Addresses are for admins, and for everybody their own.
security definer
set search_path = ''
as $$
  select m.user_id,
    coalesce(nullif(btrim(u.raw_user_meta_data ->> 'full_name'), ''), nullif(btrim(u.raw_user_meta_data ->> 'name'), ''),
      split_part(u.email, '@', 1), ''),
    case when private.has_role('admin') or m.user_id = private.user_id() then u.email end,
    m.role, m.analytics_scope, m.created_at, m.user_id = private.user_id()
  from public.memberships as m
  join auth.users as u on u.id = m.user_id
  where m.tenant_id = (select private.tenant_id())
$$;
comment on function private.tenant_members() is 'The members of the caller''s tenant, with their names; with their addresses for admins only.';
grant execute on function private.tenant_members() to authenticated, service_role;

create view public.members with (security_invoker = true) as
select user_id, name, email, role, analytics_scope, created_at, is_me from private.tenant_members();
comment on view public.members is
  'The members of the caller''s tenant. name is what they call themselves, else what stands before the @; email is null but for admins and for oneself.';
grant select on public.members to authenticated;

create function private.check_may_manage(p_user_id uuid)
returns public.memberships
language plpgsql
stable
set search_path = ''
as $$
declare
  v_member public.memberships;
begin
  select * into v_member from public.memberships where tenant_id = private.acting_tenant_id() and user_id = p_user_id;
  if not found then
    raise exception 'There is no member %.', p_user_id
      using errcode = 'CR002', hint = 'List the members, and use the user_id of one of them.';
  elsif not private.has_role('admin') then
    raise exception 'Your role does not allow you to change members.'
      using errcode = 'CR003', hint = 'Ask an admin or owner of the tenant.';
  elsif v_member.role = 'owner' and not private.has_role('owner') then
    raise exception 'Only an owner changes an owner.' using errcode = 'CR003', hint = 'Ask an owner of the tenant.';
  end if;
  return v_member;
end
$$;
comment on function private.check_may_manage(uuid) is 'A member of the caller''s tenant whom the caller may change; raises CR002 or CR003 otherwise.';
grant execute on function private.check_may_manage(uuid) to authenticated;

create function public.change_member(user_id uuid, role text default null, analytics_scope text default null)
returns jsonb
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_member public.memberships := private.check_may_manage(change_member.user_id);
begin
  if coalesce(change_member.role, 'viewer') not in ('owner', 'admin', 'editor', 'viewer') then
    raise exception 'There is no role %.', change_member.role
      using errcode = 'CR001', hint = 'Choose owner, admin, editor or viewer.';
  elsif coalesce(change_member.analytics_scope, 'none') not in ('none', 'project', 'tenant') then
    raise exception 'There is no analytics scope %.', change_member.analytics_scope
      using errcode = 'CR001', hint = 'Choose none, project or tenant.';
  elsif change_member.role = 'owner' and not private.has_role('owner') then
    raise exception 'Only an owner makes owners.' using errcode = 'CR003', hint = 'Choose another role, or ask an owner.';
  end if;
  update public.memberships as m
  set role = coalesce(change_member.role, m.role), analytics_scope = coalesce(change_member.analytics_scope, m.analytics_scope)
  where m.tenant_id = v_member.tenant_id and m.user_id = v_member.user_id
  returning m.* into v_member;
  return jsonb_build_object('user_id', v_member.user_id, 'role', v_member.role, 'analytics_scope', v_member.analytics_scope);
end
$$;
comment on function public.change_member(uuid, text, text) is
  'Gives a member of the caller''s tenant another role or analytics scope; null leaves one as it is. It counts at once, whatever tokens say. '
  'Raises CR001, CR002, CR003 or CR004 (the last owner).';

create function public.remove_member(user_id uuid)
returns jsonb
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_tenant_id uuid := private.tenant_id();
begin
  if remove_member.user_id is distinct from private.user_id() or v_tenant_id is null then
    perform private.check_may_manage(remove_member.user_id);
  end if;
  delete from public.memberships as m where m.tenant_id = v_tenant_id and m.user_id = remove_member.user_id;
  return jsonb_build_object('tenant_id', v_tenant_id, 'user_id', remove_member.user_id);
end
$$;
comment on function public.remove_member(uuid) is
  'Ends a membership in the caller''s tenant; with one''s own id, one leaves. It counts at once, and on live channels from the next epoch. '
  'Projects of the member stay, without an owner. Raises CR002, CR003 or CR004 (the last owner).';

create function private.check_may_share(p_project_id uuid)
returns uuid
language plpgsql
stable
set search_path = ''
as $$
declare
  v_tenant_id uuid := private.acting_tenant_id();
begin
  if not exists (
    select from public.projects where id = p_project_id and tenant_id = v_tenant_id and deleted_at is null
  ) then
    raise exception 'There is no project %.', p_project_id
      using errcode = 'CR002', hint = 'List the projects, and use the id of one of them.';
  end if;
  perform private.check_controls(p_project_id, 'change who works on this project');
  return v_tenant_id;
end
$$;
comment on function private.check_may_share(uuid) is
  'The caller''s tenant, if the caller may say who works on the project; raises CR002 or CR003 otherwise.';
-- The calls below have the rights of their callers.
grant execute on function private.acting_tenant_id(), private.check_controls(uuid, text), private.check_may_share(uuid) to authenticated;

create function public.set_project_member(project_id uuid, user_id uuid, role text default 'editor')
returns jsonb
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_tenant_id uuid := private.check_may_share(set_project_member.project_id);
begin
  if coalesce(set_project_member.role, '') not in ('editor', 'viewer') then
    raise exception 'There is no role % in a project.', coalesce(set_project_member.role, 'null')
      using errcode = 'CR001', hint = 'Choose editor or viewer.';
  elsif not exists (
    select from public.memberships as m where m.tenant_id = v_tenant_id and m.user_id = set_project_member.user_id
  ) then
    raise exception 'There is no member %.', set_project_member.user_id
      using errcode = 'CR002', hint = 'List the members, and use the user_id of one of them; others have to be invited first.';
  end if;
  insert into public.project_members (tenant_id, project_id, user_id, role)
  values (v_tenant_id, set_project_member.project_id, set_project_member.user_id, set_project_member.role)
  on conflict (project_id, user_id) do update set role = excluded.role;
  return jsonb_build_object(
    'project_id', set_project_member.project_id, 'user_id', set_project_member.user_id, 'role', set_project_member.role);
end
$$;
comment on function public.set_project_member(uuid, uuid, text) is
  'Lets a member of the tenant work on a project: editor or viewer. Raises CR001, CR002 or CR003.';

create function public.remove_project_member(project_id uuid, user_id uuid)
returns jsonb
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
begin
  if remove_project_member.user_id is distinct from private.user_id() then
    perform private.check_may_share(remove_project_member.project_id);
  end if;
  delete from public.project_members as m
  where m.tenant_id = private.tenant_id() and m.project_id = remove_project_member.project_id and m.user_id = remove_project_member.user_id;
  if not found then
    raise exception 'Nobody with the id % works on this project.', remove_project_member.user_id
      using errcode = 'CR002', hint = 'List the members of the project, and use the user_id of one of them.';
  end if;
  return jsonb_build_object('project_id', remove_project_member.project_id, 'user_id', remove_project_member.user_id);
end
$$;
comment on function public.remove_project_member(uuid, uuid) is
  'Ends somebody''s work on a project; with one''s own id, one leaves it. Raises CR002 or CR003.';

grant execute on function
public.change_member(uuid, text, text), public.remove_member(uuid), public.set_project_member(uuid, uuid, text),
public.remove_project_member(uuid, uuid)
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

-- sql/39_assets.sql

-- Assets: leave to fetch a file of generated content for a short time, and a record of every leave given.

create table public.asset_access (
  id uuid primary key default private.uuid_v7(),
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  content_id uuid not null,
  user_id uuid,
  action text not null check (action in ('issued', 'redirected', 'downloaded')),
  path text not null,
  expires_at timestamptz,
  created_at timestamptz not null default now()
);
comment on table public.asset_access is
  'Who was let to which file, and when; append-only. Without foreign keys to content and users, so that it outlives what it tells of.';
comment on column public.asset_access.action is
  'issued: a signed URL or a one-time link was given out; redirected: a one-time link was used; downloaded: the API itself sent the file.';
comment on column public.asset_access.expires_at is 'When what was given out stops working; null where nothing was.';
create index asset_access_tenant_id on public.asset_access (tenant_id, id);
create index asset_access_tenant_id_content_id on public.asset_access (tenant_id, content_id);

create table private.asset_links (
  token_hash bytea primary key,
  tenant_id uuid not null,
  user_id uuid not null,
  content_id uuid not null,
  expires_at timestamptz not null,
  foreign key (tenant_id, user_id) references public.memberships (tenant_id, user_id) on delete cascade
);
comment on table private.asset_links is
  'sha256 of the tokens of one-time links that were not used yet. Gone with the membership of whoever asked for them.';
create index asset_links_tenant_id_user_id on private.asset_links (tenant_id, user_id);
create index asset_links_expires_at on private.asset_links (expires_at);

create function private.media_type(p_format text)
returns text
language sql
immutable parallel safe
set search_path = ''
return case lower(p_format)
  when 'mp4' then 'video/mp4' when 'webm' then 'video/webm' when 'mov' then 'video/quicktime'
  when 'flac' then 'audio/flac' when 'mp3' then 'audio/mpeg' when 'wav' then 'audio/wav' when 'm4a' then 'audio/mp4' when 'ogg' then 'audio/ogg'
  when 'jpg' then 'image/jpeg' when 'jpeg' then 'image/jpeg' when 'png' then 'image/png' when 'webp' then 'image/webp'
  when 'srt' then 'application/x-subrip' when 'vtt' then 'text/vtt' when 'json' then 'application/json' when 'zip' then 'application/zip'
  else 'application/octet-stream'
end;
comment on function private.media_type(text) is 'What a file is, by the ending of its name.';

create function private.as_asset(p_content public.generated_content)
returns jsonb
language sql
immutable
set search_path = ''
return jsonb_build_object(
  'content_id', p_content.id, 'path', p_content.file_path, 'file_name', p_content.file_name,
  'media_type', private.media_type(p_content.format), 'size_bytes', p_content.file_size, 'sha256', p_content.sha256
);
comment on function private.as_asset(public.generated_content) is 'What is needed to fetch a file, and to check it.';

create function private.content_to_issue(p_content_id uuid, p_ttl_s int)
returns public.generated_content
language plpgsql
stable
set search_path = ''
as $$
declare
  v_content public.generated_content;
begin
  if p_ttl_s is null or p_ttl_s not between 1 and 3600 then
    raise exception 'A link lives from 1 to 3,600 seconds.'
      using errcode = 'CR001', hint = 'Ask for fewer seconds; a new link can be had at any time.';
  end if;
  select * into v_content from public.generated_content where id = p_content_id and tenant_id = private.tenant_id();
  if not found then
    raise exception 'There is no content %.', p_content_id
      using errcode = 'CR002', hint = 'List what a job made, and use the id of one of the files.';
  end if;
  return v_content;
end
$$;
comment on function private.content_to_issue(uuid, int) is 'A file of the caller''s tenant; raises CR001 or CR002 otherwise.';

create function private.record_access(p_content public.generated_content, p_user_id uuid, p_action text, p_expires_at timestamptz)
returns void
language sql
set search_path = ''
as $$
  insert into public.asset_access (tenant_id, content_id, user_id, action, path, expires_at)
  values (p_content.tenant_id, p_content.id, p_user_id, p_action, p_content.file_path, p_expires_at)
$$;
comment on function private.record_access(public.generated_content, uuid, text, timestamptz) is 'One more line of the record.';

create function public.issue_asset(content_id uuid, ttl_s int default 60)
returns jsonb
language plpgsql
-- definer: users may not write the record.
security definer
set search_path = ''
as $$
declare
  v_content public.generated_content := private.content_to_issue(content_id, ttl_s);
  v_expires_at timestamptz := now() + make_interval(secs => ttl_s);
begin
  perform private.record_access(v_content, private.user_id(), 'issued', v_expires_at);
  return private.as_asset(v_content) || jsonb_build_object('expires_at', v_expires_at);
end
$$;
comment on function public.issue_asset(uuid, int) is
  'Records that the caller is let to a file, and says what it is and where: {content_id, path, file_name, media_type, size_bytes, sha256, '
  'expires_at}. Whoever asked signs the path with Supabase Storage for as long. Raises CR001 or CR002.';

create function public.create_asset_link(content_id uuid, ttl_s int default 60)
returns jsonb
language plpgsql
-- definer: users may not write links and the record.
security definer
set search_path = ''
as $$
declare
  v_content public.generated_content := private.content_to_issue(content_id, ttl_s);
  v_expires_at timestamptz := now() + make_interval(secs => ttl_s);
  v_token text := private.new_token();
begin
  delete from private.asset_links where expires_at < now() - interval '1 day';
  insert into private.asset_links (token_hash, tenant_id, user_id, content_id, expires_at)
  values (private.token_hash(v_token), v_content.tenant_id, private.user_id(), v_content.id, v_expires_at);
  perform private.record_access(v_content, private.user_id(), 'issued', v_expires_at);
  return jsonb_build_object('token', v_token, 'expires_at', v_expires_at);
end
$$;
comment on function public.create_asset_link(uuid, int) is
  'A link to a file that works once: the API redirects whoever brings the token. Raises CR001 or CR002.';

create function private.use_asset_link(p_token text)
returns jsonb
language plpgsql
-- definer: the API comes without a signed-in user; the token says who it was given to.
security definer
set search_path = ''
as $$
declare
  v_link private.asset_links;
  v_content public.generated_content;
begin
  delete from private.asset_links where token_hash = private.token_hash(p_token) returning * into v_link;
  select c.* into v_content
  from public.generated_content as c
  join public.tenants as t on t.id = c.tenant_id and t.deleted_at is null
  where c.id = v_link.content_id and c.tenant_id = v_link.tenant_id;
  if not found or v_link.expires_at <= now() then
    raise exception 'There is no such link, or it was used or has expired.'
      using errcode = 'CR002', hint = 'Ask for a new one.';
  end if;
  perform private.record_access(v_content, v_link.user_id, 'redirected', null);
  return private.as_asset(v_content) || jsonb_build_object('tenant_id', v_content.tenant_id);
end
$$;
comment on function private.use_asset_link(text) is
  'The file of a one-time link, which is used up by this. Raises CR002 for a link that was never made, was used, has expired, or whose owner '
  'has left the tenant.';

create function private.record_downloads(p_content_ids uuid [])
returns int
language sql
-- definer: nobody else may write the record.
security definer
set search_path = ''
as $$
  with recorded as (
    insert into public.asset_access (tenant_id, content_id, user_id, action, path)
    select c.tenant_id, c.id, private.user_id(), 'downloaded', c.file_path
    from public.generated_content as c
    where c.id = any(p_content_ids) and c.tenant_id = private.tenant_id()
    returning 1
  )
  select count(*)::int from recorded
$$;
comment on function private.record_downloads(uuid []) is
  'Records that the API sent these files of the caller''s tenant to the caller; returns how many there are.';

grant execute on function public.issue_asset(uuid, int), public.create_asset_link(uuid, int) to authenticated;
grant execute on function private.use_asset_link(text), private.record_downloads(uuid []) to cliprow_api, service_role;

alter table public.asset_access enable row level security;
create policy "Admins read who was let to their tenant's files" on public.asset_access
for select to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));
grant select on public.asset_access to authenticated;
grant select, insert, delete on public.asset_access to service_role;

-- sql/39_library.sql

-- The public part of the library: what tenants share with all others, and nothing else of it.
-- Row-level security hides rows, not columns. So the table itself shows a tenant its own rows only, and this is the one
-- other way to public ones.

create function private.public_scenes()
returns table (
  id uuid, preview_text text, specific_tags jsonb, generic_tags jsonb, language text, duration int, is_own boolean, created_at timestamptz
)
language sql
stable
-- definer: shows some columns of other tenants' rows, which those tenants share on purpose.
security definer
set search_path = ''
as $$
  select c.id, c.preview_text, c.specific_tags, c.generic_tags, s.language, s.duration,
    c.tenant_id is not distinct from (select private.tenant_id()), c.created_at
  from public.content_library as c
  join public.tenants as t on t.id = c.tenant_id and t.deleted_at is null
  join public.scenes as s on s.tenant_id = c.tenant_id and s.id = c.scene_id
  join public.scripts as w on w.tenant_id = s.tenant_id and w.id = s.script_id
  join public.projects as p on p.tenant_id = w.tenant_id and p.id = w.project_id and p.deleted_at is null
  where c.library_category = 'public'
$$;
comment on function private.public_scenes() is 'What every tenant shares of its scenes in the category `public`.';
grant execute on function private.public_scenes() to authenticated, service_role;

create view public.public_library with (security_invoker = true) as
select id, preview_text, specific_tags, generic_tags, language, duration, is_own, created_at from private.public_scenes();
comment on view public.public_library is
  'Scenes that tenants share with all others: preview, tags, language, seconds and since when, but neither whose they are nor their figures. '
  'create_batch() takes their ids in library_items.';
grant select on public.public_library to authenticated;

-- sql/39_performance.sql

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
  return jsonb_build_object('id', v_id, 'project_id', v_content.project_id, 'date', v_date);
end
$$;
comment on function private.record_performance(uuid, text, jsonb) is
  'Records a report of figures for a content of the tenant that the claims name, and brings the day of its project up to date. Raises CR001 or CR002.';
grant execute on function private.record_performance(uuid, text, jsonb) to cliprow_api, service_role;

-- sql/40_security.sql

-- Security: attempts are counted where they can be seen, and a canary proves that tenants stay apart.
-- Row-level security hides rows without a word, so nothing counts what it hid. What was refused aloud is counted by
-- whoever answers requests; that nothing is shown that should be hidden, the canary looks for itself.

create table private.access_denials (
  -- The key that is meant has columns that may be null.
  id bigint generated always as identity primary key,
  hour timestamptz not null,
  kind text not null check (kind in ('unauthenticated', 'forbidden', 'sql_42501')),
  route text not null check (length(route) <= 200),
  tenant_id uuid,
  user_id uuid,
  denial_count bigint not null default 0,
  last_at timestamptz not null default now(),
  unique nulls not distinct (hour, kind, route, tenant_id, user_id)
);
comment on table private.access_denials is 'Refused requests by hour, kept for 90 days. Without foreign keys: who was refused may be anybody.';
comment on column private.access_denials.kind is
  'unauthenticated: no token, or none that is valid (401); forbidden: a role that does not allow it (403); sql_42501: refused by a grant or policy.';
comment on column private.access_denials.route is 'The pattern of the route, like GET /jobs/{job_id}, never the path that was asked for.';

create function private.record_denial(
  p_kind text, p_route text, p_tenant_id uuid default null, p_user_id uuid default null, p_count int default 1
)
returns void
language sql
-- definer: nobody may touch the table itself.
security definer
set search_path = ''
as $$
  insert into private.access_denials as d (hour, kind, route, tenant_id, user_id, denial_count)
  values (date_trunc('hour', now() at time zone 'utc') at time zone 'utc', p_kind, left(p_route, 200), p_tenant_id, p_user_id, p_count)
  on conflict (hour, kind, route, tenant_id, user_id) do update
  set denial_count = d.denial_count + excluded.denial_count, last_at = now();
  delete from private.access_denials where hour < now() - interval '90 days';
$$;
comment on function private.record_denial(text, text, uuid, uuid, int) is
  'Counts a refused request, or several of the same kind. A transaction that was refused is rolled back, so call it in one of its own.';

create function private.denials_since(p_since timestamptz)
returns table (hour timestamptz, kind text, route text, tenant_id uuid, user_id uuid, denial_count bigint, last_at timestamptz)
language sql
stable
-- definer: nobody may touch the table itself.
security definer
set search_path = ''
as $$
  select d.hour, d.kind, d.route, d.tenant_id, d.user_id, d.denial_count, d.last_at
  from private.access_denials as d
  where d.last_at >= p_since
  order by d.last_at desc
$$;
comment on function private.denials_since(timestamptz) is 'Refused requests by hour, the newest first, of the hours that had one since a moment.';

create function private.canary_claims()
returns jsonb
language plpgsql
-- definer: makes a user, a tenant and a membership.
security definer
set search_path = ''
as $$
declare
  -- The same in every project, so that it can be told from people.
  v_user_id constant uuid := '00000000-0000-4000-8000-0000000ca4a4';
  v_tenant_id uuid;
  v_other_id uuid;
begin
  -- No address, no password, no identity: nobody signs in as this one. Its tenant comes as everybody's does.
  insert into auth.users (
    instance_id, id, aud, role, raw_app_meta_data, raw_user_meta_data, created_at, updated_at,
    confirmation_token, recovery_token, email_change, email_change_token_new
  )
  select '00000000-0000-0000-0000-000000000000', v_user_id, 'authenticated', 'authenticated', '{}', '{"tenant_name": "Canary"}', now(), now(),
    '', '', '', ''
  where not exists (select from auth.users where id = v_user_id)
  on conflict (id) do nothing;
  select m.tenant_id into v_tenant_id
  from public.memberships as m join public.tenants as t on t.id = m.tenant_id and t.deleted_at is null
  where m.user_id = v_user_id
  order by m.created_at limit 1;
  if v_tenant_id is null then
    v_tenant_id := private.uuid_v7();
    insert into public.tenants (id, name) values (v_tenant_id, 'Canary');
    insert into public.memberships (tenant_id, user_id, role) values (v_tenant_id, v_user_id, 'owner');
  end if;
  select t.id into v_other_id from public.tenants as t where t.id <> v_tenant_id and t.deleted_at is null order by t.id desc limit 1;
  return (
    select jsonb_agg(jsonb_build_object('sub', v_user_id, 'role', 'authenticated', 'project_role', 'owner', 'analytics_scope', 'tenant',
      'tenant_id', c.tenant_id) order by c.place)
    from (values (1, v_tenant_id), (2, v_other_id)) as c (place, tenant_id)
    where c.tenant_id is not null);
end
$$;
comment on function private.canary_claims() is
  'Claims of a user who has a tenant to itself and whom nobody can sign in as: first as they should be, then naming somebody else''s tenant. '
  'Makes user and tenant where they are missing.';

create function private.canary_queries(p_user_id uuid, p_tenant_id uuid)
returns table (source text, query text)
language sql
stable
-- definer: names tables of schemas that the API's own role may not enter.
security definer
set search_path = ''
as $$
  select c.oid::regclass::text, format('select count(*) from (select from %s where %s limit 1000) as f', c.oid::regclass, case
    when c.oid = 'public.tenants'::regclass then format('id <> %L', p_tenant_id)
    when c.oid in ('public.members'::regclass, 'public.memberships'::regclass) then format('user_id <> %L', p_user_id)
    when c.oid = 'storage.objects'::regclass
      then format('bucket_id = ''media'' and (storage.foldername(name))[1] is distinct from %L', p_tenant_id)
    else format('tenant_id <> %L', p_tenant_id) end)
  from pg_catalog.pg_class as c
  where pg_catalog.has_table_privilege('authenticated', c.oid, 'select') and (
    c.oid in ('public.tenants'::regclass, 'public.members'::regclass, 'storage.objects'::regclass)
    or (c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm') and exists (
      select from pg_catalog.pg_attribute as a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)))
$$;
comment on function private.canary_queries(uuid, uuid) is
  'For every table and view that users may read, what counts the rows in it that are not this tenant''s, up to 1,000.';

create function private.count_foreign_rows()
returns jsonb
language plpgsql
-- Not a definer: those may not become another role, and it must look with a user's eyes.
set search_path = ''
as $$
declare
  v_all_claims jsonb := private.canary_claims();
  v_role text := current_setting('role');
  v_claims_before text := coalesce(current_setting('request.jwt.claims', true), '');
  v_queries jsonb := (
    select jsonb_agg(to_jsonb(q) order by q.source)
    from private.canary_queries((v_all_claims -> 0 ->> 'sub')::uuid, (v_all_claims -> 0 ->> 'tenant_id')::uuid) as q
  );
  v_claims jsonb;
  v_query record;
  v_count bigint;
  v_found jsonb := '{}';
begin
  perform set_config('role', 'authenticated', true);
  for v_claims in select * from jsonb_array_elements(v_all_claims) loop
    perform set_config('request.jwt.claims', v_claims::text, true);
    for v_query in select q.source, q.query from jsonb_to_recordset(v_queries) as q (source text, query text) loop
      execute v_query.query into v_count;
      if v_count > 0 then
        v_found := v_found || jsonb_build_object(v_query.source, v_count);
      end if;
    end loop;
  end loop;
  perform set_config('request.jwt.claims', v_claims_before, true), set_config('role', v_role, true);
  return jsonb_build_object('checked', jsonb_array_length(v_queries), 'foreign_rows', (
    select coalesce(sum(f.value::bigint), 0) from jsonb_each_text(v_found) as f), 'found', v_found);
end
$$;
comment on function private.count_foreign_rows() is
  'Reads every table as the canary, and as the canary naming somebody else''s tenant: {checked, foreign_rows, found: {table: rows}}. '
  'foreign_rows is 0, or tenants are not kept apart. For a role that may become authenticated.';

grant execute on function
private.record_denial(text, text, uuid, uuid, int), private.denials_since(timestamptz)
to cliprow_api, service_role;
grant execute on function
private.canary_claims(), private.canary_queries(uuid, uuid), private.count_foreign_rows()
to cliprow_api;
