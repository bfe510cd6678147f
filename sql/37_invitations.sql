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
