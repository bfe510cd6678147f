-- Schemas, roles and extensions. Everything after this file relies on them.
-- `public` holds tables with row-level security and thin functions for users; `private`, which no API exposes,
-- the state machine and its bookkeeping; `partitions` the monthly leaves, which nobody may read directly.

create schema if not exists extensions;
create extension if not exists pg_trgm with schema extensions;

create schema private;
comment on schema private is 'State machine, release window and helpers. Not exposed by any API.';

create schema partitions;
comment on schema partitions is
  'Monthly leaves of partitioned tables. Row-level security is not inherited by leaves, so no role is granted anything here.';

do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'cliprow_worker') then
    create role cliprow_worker nologin noinherit;
  end if;
end
$$;
comment on role cliprow_worker is
  'Workers: may call the queue functions and work the queue library''s tables, and nothing else.';

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

grant usage on schema private to cliprow_worker, authenticated, service_role, cliprow_api;

-- Functions are executable by everyone unless this is taken away; here every grant is explicit.
alter default privileges revoke execute on functions from public;
-- Some projects give new objects of `public` to the API roles by default; ours are given out one by one.
alter default privileges in schema public revoke all on tables from anon, authenticated, service_role;
alter default privileges in schema public revoke all on sequences from anon, authenticated, service_role;
alter default privileges in schema public revoke all on functions from anon, authenticated, service_role;
