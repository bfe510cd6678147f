-- Artifacts: results named by what they were made from. Equal work of a tenant is done once.

create table public.artifacts (
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  content_key text not null check (content_key ~ '^[0-9a-f]{64}$'),
  stage text not null,
  stage_version text not null,
  status text not null default 'computing' check (status in ('computing', 'ready', 'condemned', 'damaged')),
  attempt_id uuid not null,
  job_id uuid not null,
  task_id uuid not null,
  facts jsonb check (jsonb_typeof(facts) = 'object'),
  files jsonb not null default '[]' check (jsonb_typeof(files) = 'array'),
  size_bytes bigint not null default 0 check (size_bytes >= 0),
  reuse_count int not null default 0,
  created_at timestamptz not null default now(),
  ready_at timestamptz,
  last_used_at timestamptz not null default now(),
  condemned_at timestamptz,
  damaged_at timestamptz,
  checked_at timestamptz,
  primary key (tenant_id, content_key),
  constraint artifacts_ready_has_facts
  check ((status <> 'computing' or damaged_at is not null) = (ready_at is not null and facts is not null)),
  constraint artifacts_condemned_has_condemned_at check ((status = 'condemned') = (condemned_at is not null)),
  constraint artifacts_damaged_has_damaged_at
  check (case status when 'damaged' then damaged_at is not null when 'ready' then damaged_at is null else true end)
);
comment on table public.artifacts is
  'Stage results by content key = sha256(stage, stage version, canonical inputs). Immutable once ready; shared inside a tenant only.';
comment on column public.artifacts.status is
  'computing: the named attempt is making it, and others wait; ready: facts and files are there; condemned: nothing refers to it, whoever wants '
  'it makes it ready again, and otherwise it goes; damaged: a file of it is gone or has other bytes, so it is not used again before it is '
  'computed anew.';
comment on column public.artifacts.attempt_id is 'The attempt that makes or made it. No foreign key: artifacts outlive jobs.';
comment on column public.artifacts.damaged_at is 'Kept while it is computed anew, when facts and files are still those from before.';
comment on column public.artifacts.checked_at is 'When its files were last compared with their checksums; null before the first time.';
comment on column public.artifacts.files is 'Stored files: role, name, sha256, path, size_bytes, media_type.';
-- Not on status: finished work would then be written to the indexes too.
create index artifacts_condemned on public.artifacts (condemned_at) where condemned_at is not null;
create index artifacts_damaged on public.artifacts (tenant_id, damaged_at) where damaged_at is not null;

create function private.keep_damaged()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if not exists (select from public.tenants where id = old.tenant_id) then
    return old;
  end if;
  update public.artifacts set status = 'damaged' where tenant_id = old.tenant_id and content_key = old.content_key;
  return null;
end
$$;
comment on function private.keep_damaged() is
  'A damaged artifact that could not be computed anew is damaged again instead of gone: finished tasks refer to it.';
create trigger keep_damaged before delete on public.artifacts
for each row when (old.status = 'computing' and old.damaged_at is not null) execute function private.keep_damaged();

alter table public.artifacts enable row level security;
create policy "Members read their tenant's artifacts" on public.artifacts
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.artifacts to authenticated;
grant select, insert, update, delete on public.artifacts to service_role;
