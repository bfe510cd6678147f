-- What the gateway's storage needs beside the tables: to act as its callers, listing, and times that follow changes.

-- As on a real project: the service becomes a caller by way of `authenticator`.
grant authenticator to supabase_storage_admin;

set local role supabase_storage_admin;

create function storage.operation() returns text
language sql stable
return nullif(current_setting('storage.operation', true), '');
comment on function storage.operation() is 'What the storage service is doing, for policies; null outside of it.';

create function storage.update_updated_at_column() returns trigger
language plpgsql set search_path = ''
as $$
begin
    new.updated_at := now();
    return new;
end;
$$;
comment on function storage.update_updated_at_column() is 'Keeps updated_at true.';

create trigger update_objects_updated_at before update on storage.objects
for each row execute function storage.update_updated_at_column();

create index idx_objects_bucket_id_name_lower on storage.objects (bucket_id, (lower(name) collate "C"));

-- Invoker, so that the policies of the caller decide what is listed. `levels` is unused, as on a real project, which
-- keeps it for older callers. Paths are ASCII, so no path sorts after the prefix with the last code point behind it.
create function storage.search(
    prefix text,
    bucketname text,
    limits integer default 100,
    levels integer default 1,
    offsets integer default 0,
    search text default '',
    sortcolumn text default 'name',
    sortorder text default 'asc'
) returns table (
    name text,
    id uuid,
    updated_at timestamptz,
    created_at timestamptz,
    last_accessed_at timestamptz,
    metadata jsonb
)
language plpgsql stable set search_path = ''
as $$
#variable_conflict use_column
declare
    wanted text := lower(coalesce(prefix, '') || coalesce(search, ''));
    ordering text := case when lower(coalesce(sortorder, 'asc')) = 'desc' then 'desc' else 'asc' end;
    first_by text := '';
begin
    if sortcolumn in ('updated_at', 'created_at', 'last_accessed_at') then
        first_by := format('e.id is not null, e.%I %s, ', sortcolumn, ordering);
    end if;
    return query execute format(
        $query$
        with entries as (
            select
                o.*,
                strpos(substr(o.name, length($1) + 1), '/') as slash
            from storage.objects as o
            where o.bucket_id = $2
              and lower(o.name) collate "C" >= $1
              and lower(o.name) collate "C" < $1 || U&'\+10FFFF'
        ), e as (
            select
                substr(o.name, length($3) + 1) as entry,
                o.id, o.updated_at, o.created_at, o.last_accessed_at, o.metadata
            from entries as o
            where o.slash = 0
            union all
            select distinct
                substr(o.name, length($3) + 1, length($1) - length($3) + o.slash - 1),
                null::uuid, null::timestamptz, null::timestamptz, null::timestamptz, null::jsonb
            from entries as o
            where o.slash > 0
        )
        select e.entry, e.id, e.updated_at, e.created_at, e.last_accessed_at, e.metadata
        from e
        order by %s lower(e.entry) collate "C" %s, e.entry collate "C" %s, e.id
        limit $4 offset $5
        $query$,
        first_by, ordering, ordering
    ) using wanted, bucketname, coalesce(prefix, ''), least(coalesce(limits, 100), 1500), coalesce(offsets, 0);
end;
$$;
comment on function storage.search(text, text, integer, integer, integer, text, text, text)
is 'What lies directly under a prefix: files, and folders, whose id is null. Upper and lower case are the same.';

reset role;
