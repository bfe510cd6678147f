-- Tells the REST interface when its picture of the database is out of date, as a real project does.

create function extensions.pgrst_ddl_watch() returns event_trigger
language plpgsql set search_path = ''
as $$
begin
    if exists (
        select from pg_event_trigger_ddl_commands() as c
        where c.object_type in ('table', 'view', 'materialized view', 'foreign table', 'function', 'type', 'schema')
          and coalesce(c.schema_name, '') <> 'pg_temp'
    ) then
        notify pgrst, 'reload schema';
    end if;
end;
$$;
comment on function extensions.pgrst_ddl_watch() is 'Announces what was created or altered.';

create function extensions.pgrst_drop_watch() returns event_trigger
language plpgsql set search_path = ''
as $$
begin
    if exists (
        select from pg_event_trigger_dropped_objects() as d
        where d.object_type in ('table', 'view', 'materialized view', 'foreign table', 'function', 'type', 'schema')
          and not d.is_temporary
    ) then
        notify pgrst, 'reload schema';
    end if;
end;
$$;
comment on function extensions.pgrst_drop_watch() is 'Announces what was dropped.';

create event trigger pgrst_ddl_watch on ddl_command_end execute function extensions.pgrst_ddl_watch();
create event trigger pgrst_drop_watch on sql_drop execute function extensions.pgrst_drop_watch();
