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
