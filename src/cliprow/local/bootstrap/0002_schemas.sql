-- Who owns the database, the schemas, and who may enter them. New tables in `public` get no rights for the API.

do $$
begin
    execute format('alter database %I owner to postgres', current_database());
end;
$$;

create schema if not exists extensions;
create schema if not exists auth;
create schema if not exists storage;
create schema if not exists realtime;

grant usage on schema public, extensions, auth, storage, realtime
to postgres, anon, authenticated, service_role;
grant all on schema extensions to postgres;
grant all on schema auth to supabase_auth_admin;
grant all on schema storage to supabase_storage_admin;
grant all on schema realtime to supabase_realtime_admin;

-- Owned by `postgres`, which adds its own tables to it.
create publication supabase_realtime;
alter publication supabase_realtime owner to postgres;
