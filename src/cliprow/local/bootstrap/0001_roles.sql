-- The roles of a Supabase project. They belong to the whole cluster, so another database may have made them already.

do $$
declare
    wanted record;
begin
    for wanted in
        select * from (values
            -- whom the API acts as: without a sign-in, signed in, and with the secret key
            ('anon', 'nologin noinherit'),
            ('authenticated', 'nologin noinherit'),
            ('service_role', 'nologin noinherit bypassrls'),
            -- whom the gateway logs in as, to become one of the three above
            ('authenticator', 'login noinherit'),
            -- owners of the managed schemas
            ('supabase_auth_admin', 'nologin noinherit createrole'),
            ('supabase_storage_admin', 'nologin noinherit createrole'),
            ('supabase_realtime_admin', 'nologin noinherit'),
            -- whom migrations run as: powerful, but no superuser
            ('postgres', 'login createdb createrole replication bypassrls')
        ) as roles (name, options)
    loop
        if not exists (select from pg_catalog.pg_roles where rolname = wanted.name) then
            execute format('create role %I %s', wanted.name, wanted.options);
        end if;
    end loop;

    -- The owners' rights without the power to act as them; Postgres 15 cannot tell the two apart.
    if current_setting('server_version_num')::integer >= 160000 then
        execute 'grant supabase_auth_admin, supabase_storage_admin, supabase_realtime_admin'
            ' to postgres with inherit true, set false';
    else
        execute 'grant supabase_auth_admin, supabase_storage_admin, supabase_realtime_admin to postgres';
    end if;
end;
$$;

grant anon, authenticated, service_role to authenticator;
grant anon, authenticated, service_role, authenticator to postgres with admin option;
grant pg_monitor, pg_read_all_data, pg_signal_backend to postgres;

alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';
alter role postgres set search_path = "$user", public, extensions;
