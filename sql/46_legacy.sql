-- What the old surface needs beyond what users may do.

create function private.tenant_owner(p_tenant_id uuid)
returns uuid
language sql
stable
-- definer: the API's own role reads no memberships; it is told one user's id.
security definer
set search_path = ''
as $$
  select m.user_id
  from public.memberships as m
  join public.tenants as t on t.id = m.tenant_id and t.deleted_at is null
  where m.tenant_id = p_tenant_id and m.role = 'owner'
  order by m.created_at, m.user_id
  limit 1
$$;
comment on function private.tenant_owner(uuid) is
  'The tenant''s first owner, as whom the surface of the old system acts, because it knows no sign-in; null when there is none.';
grant execute on function private.tenant_owner(uuid) to cliprow_api;
