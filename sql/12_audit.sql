-- Who did what to which row, when, and through which door. Filled by the triggers in sql/54_audit.sql.

create table public.audit_events (
  id uuid not null default private.uuid_v7(),
  tenant_id uuid,
  user_id uuid,
  role text not null,
  door text not null,
  action text not null,
  entity text not null,
  entity_id text,
  before jsonb not null default '{}',
  after jsonb not null default '{}',
  created_at timestamptz not null default now(),
  primary key (id)
) partition by range (id);
comment on table public.audit_events is
  'Who did what to which row, when, through which door; append-only. Work itself is in job_events. Without foreign keys, so that it outlives '
  'what it tells of.';
comment on column public.audit_events.tenant_id is 'Whose row it was; null for what belongs to no tenant, like a stage queue or a setting.';
comment on column public.audit_events.user_id is 'The signed-in user; null for operators and services.';
comment on column public.audit_events.role is 'The user''s role in the tenant at that time; of others the role of the database.';
comment on column public.audit_events.door is
  'rest, cli, web, data_api (Supabase''s own REST), auth, worker, ticker, schedule, or sql: whoever logged in to the database some other way. '
  'rest, cli and web are what clients of our API say of themselves.';
comment on column public.audit_events.action is 'insert, update, delete; or what that means: pause, resume, cancel, retry, discard, replay and so on.';
comment on column public.audit_events.entity is 'The table.';
comment on column public.audit_events.entity_id is 'Its key; null where one entry stands for many rows.';
comment on column public.audit_events.before is 'The changed columns as they were, without secrets; what is long is shortened.';
comment on column public.audit_events.after is 'The changed columns as they are.';
create index audit_events_tenant_id on public.audit_events (tenant_id, id);
create index audit_events_entity_id on public.audit_events (entity_id, id) where entity_id is not null;

alter table public.audit_events enable row level security;
create policy "Admins read their tenant's audit" on public.audit_events
for select to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));
grant select on public.audit_events to authenticated;
grant select on public.audit_events to service_role;
