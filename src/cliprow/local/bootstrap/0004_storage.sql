-- Stand-in for Supabase Storage's schema: buckets, objects, and the functions that policies call.

set local role supabase_storage_admin;

create type storage.buckettype as enum ('STANDARD', 'ANALYTICS', 'VECTOR');

create table storage.buckets (
    id text primary key,
    name text not null unique,
    owner uuid,
    created_at timestamptz default now(),
    updated_at timestamptz default now(),
    public boolean default false,
    avif_autodetection boolean default false,
    file_size_limit bigint,
    allowed_mime_types text[],
    owner_id text,
    type storage.buckettype not null default 'STANDARD'
);
comment on table storage.buckets is 'Places for files.';

create table storage.objects (
    id uuid primary key default gen_random_uuid(),
    bucket_id text references storage.buckets,
    name text,
    owner uuid,
    created_at timestamptz default now(),
    updated_at timestamptz default now(),
    last_accessed_at timestamptz default now(),
    metadata jsonb,
    path_tokens text[] generated always as (string_to_array(name, '/')) stored,
    version text,
    owner_id text,
    user_metadata jsonb
);
comment on table storage.objects is 'One stored file; its bytes are elsewhere.';
create unique index bucketid_objname on storage.objects (bucket_id, name);
create index name_prefix_search on storage.objects (name text_pattern_ops);

alter table storage.buckets enable row level security;
alter table storage.objects enable row level security;
grant all on storage.buckets, storage.objects to anon, authenticated, service_role, postgres;

create function storage.foldername(name text) returns text[]
language sql immutable
return (string_to_array(name, '/'))[:cardinality(string_to_array(name, '/')) - 1];
comment on function storage.foldername(text) is 'The folders of a path, outermost first.';

create function storage.filename(name text) returns text
language sql immutable
return split_part(name, '/', -1);
comment on function storage.filename(text) is 'The last part of a path.';

create function storage.extension(name text) returns text
language sql immutable
return split_part(split_part(name, '/', -1), '.', -1);
comment on function storage.extension(text) is 'What follows the last dot of a file name.';

create function storage.protect_delete() returns trigger
language plpgsql set search_path = ''
as $$
begin
    if current_setting('storage.allow_delete_query', true) is distinct from 'true' then
        raise insufficient_privilege using
            message = 'Direct deletion from storage tables is not allowed. Use the Storage API instead.',
            hint = 'Deleting the row would leave the file behind.';
    end if;
    return null;
end;
$$;
comment on function storage.protect_delete() is 'Refuses to delete rows whose files would stay.';

create trigger protect_objects_delete before delete on storage.objects
for each statement execute function storage.protect_delete();
create trigger protect_buckets_delete before delete on storage.buckets
for each statement execute function storage.protect_delete();

reset role;
