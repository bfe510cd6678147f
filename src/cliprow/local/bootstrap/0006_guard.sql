-- `postgres` has the owners' rights on auth, storage and realtime, because grants alone cannot give it those it has on a
-- real project. These triggers take back what it has not there: all but policies on three tables, triggers on three
-- others, and whatever lies in its own schemas (like foreign keys to auth.users).

create function local_stack.may_change(command text, kind text, schema_name text, table_name text) returns boolean
language sql immutable set search_path = ''
return case
    when schema_name is null or schema_name not in ('auth', 'storage', 'realtime') then true
    when command = 'COMMENT' and schema_name = 'realtime' then false
    when kind = 'policy' then (schema_name, table_name)
        in (('storage', 'buckets'), ('storage', 'objects'), ('realtime', 'messages'))
    when kind = 'trigger' then (schema_name, table_name)
        in (('auth', 'users'), ('auth', 'sessions'), ('auth', 'identities'))
    else false
end;

create function local_stack.is_manager() returns boolean
language sql stable set search_path = ''
return exists (
    select from pg_catalog.pg_roles
    where rolname = current_user and (rolsuper or rolname like 'supabase\_%\_admin')
);

create function local_stack.refuse(what text) returns void
language plpgsql set search_path = ''
as $$
begin
    raise insufficient_privilege using
        message = format('permission denied: %s is managed by Supabase', what),
        hint = 'Allowed are foreign keys to auth tables, triggers on auth.users, auth.sessions and auth.identities, '
            'and policies on storage.buckets, storage.objects and realtime.messages.';
end;
$$;

create function local_stack.guard_changes() returns event_trigger
language plpgsql set search_path = ''
as $$
declare
    change record;
begin
    if local_stack.is_manager() then
        return;
    end if;
    for change in
        select
            c.command_tag,
            c.object_type,
            c.object_identity,
            coalesce(n.nspname, c.schema_name) as schema_name,
            r.relname
        from pg_event_trigger_ddl_commands() as c
        left join pg_catalog.pg_policy as p on c.object_type = 'policy' and p.oid = c.objid
        left join pg_catalog.pg_trigger as t on c.object_type = 'trigger' and t.oid = c.objid
        left join pg_catalog.pg_class as r on r.oid = coalesce(p.polrelid, t.tgrelid)
        left join pg_catalog.pg_namespace as n on n.oid = r.relnamespace
    loop
        if not local_stack.may_change(change.command_tag, change.object_type, change.schema_name, change.relname) then
            perform local_stack.refuse(change.object_identity);
        end if;
    end loop;
end;
$$;

create function local_stack.guard_drops() returns event_trigger
language plpgsql set search_path = ''
as $$
declare
    dropped record;
begin
    if local_stack.is_manager() then
        return;
    end if;
    for dropped in
        select
            d.object_type,
            d.object_identity,
            -- the address of a policy or trigger is {schema, table, name}
            case when d.object_type in ('policy', 'trigger') then d.address_names[1] else d.schema_name end as schema_name,
            d.address_names[2] as table_name
        from pg_event_trigger_dropped_objects() as d
        where d.original  -- not the inner parts, like the triggers of a foreign key on the table it points to
    loop
        if not local_stack.may_change(tg_tag, dropped.object_type, dropped.schema_name, dropped.table_name) then
            perform local_stack.refuse(dropped.object_identity);
        end if;
    end loop;
end;
$$;

create event trigger guard_changes on ddl_command_end execute function local_stack.guard_changes();
create event trigger guard_drops on sql_drop execute function local_stack.guard_drops();

comment on schema local_stack is 'What makes this database look like a Supabase project; absent on a real one.';
comment on function local_stack.may_change(text, text, text, text) is 'Whether a real project lets postgres change this.';
comment on function local_stack.is_manager() is 'Whether the caller owns the managed schemas.';
comment on function local_stack.refuse(text) is 'Fails as a real project does.';
comment on function local_stack.guard_changes() is 'Refuses to create or alter what a real project protects.';
comment on function local_stack.guard_drops() is 'Refuses to drop what a real project protects.';
grant usage on schema local_stack to public;
