-- Who the members of a tenant are, with the addresses that only Auth has.

create function public.list_members()
returns table (user_id uuid, email text, role text, analytics_scope text, joined_at timestamptz)
language sql
stable
-- definer: users may not read auth.users; they learn the addresses of their own tenant's members, and nothing else of them.
security definer
set search_path = ''
as $$
  select m.user_id, u.email::text, m.role, m.analytics_scope, m.created_at
  from public.memberships as m
  join auth.users as u on u.id = m.user_id
  where m.tenant_id = private.tenant_id()
  order by m.created_at, m.user_id
$$;
comment on function public.list_members() is 'The members of the caller''s tenant with their addresses, those who came first first.';
grant execute on function public.list_members() to authenticated;
