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
  elsif (
    select count(*) from public.memberships as m
    join public.tenants as t on t.id = m.tenant_id and t.deleted_at is null
    where m.user_id = private.user_id() and m.role = 'owner'
  ) >= 20 then
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
