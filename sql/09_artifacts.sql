-- Artifacts: results named by what they were made from. Equal work of a tenant is done once.

create table public.artifacts (
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  content_key text not null check (content_key ~ '^[0-9a-f]{64}$'),
  stage text not null,
  stage_version text not null,
  status text not null default 'computing' check (status in ('computing', 'ready')),
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
  primary key (tenant_id, content_key),
  constraint artifacts_ready_has_facts check ((status = 'ready') = (ready_at is not null and facts is not null))
);
comment on table public.artifacts is
  'Stage results by content key = sha256(stage, stage version, canonical inputs). Immutable once ready; shared inside a tenant only.';
comment on column public.artifacts.status is 'computing: the named attempt is making it, and others wait; ready: facts and files are there.';
comment on column public.artifacts.attempt_id is 'The attempt that makes or made it. No foreign key: artifacts outlive jobs.';
comment on column public.artifacts.files is 'Stored files: role, name, sha256, path, size_bytes, media_type.';

alter table public.artifacts enable row level security;
create policy "Members read their tenant's artifacts" on public.artifacts
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.artifacts to authenticated;
grant select, insert, update, delete on public.artifacts to service_role;
