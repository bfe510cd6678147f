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
