-- Marks of changes, made by every statement that changes something followers see. One mark names the jobs that a statement
-- changed in one batch, or whose tasks; more than 200 it does not name, and followers fetch them.
--
--   generation_jobs, stage_tasks ──> batch, project, tenant       batches ──> batch, project, tenant
--   projects ──────────────────────> project, tenant              tenants, roles of members ──> tenant
--
-- Statements of triggers leave no mark, because the statement that fired them has left one: roll-ups, unlocked tasks and
-- events belong to jobs that are marked already, and what goes with a batch goes with its mark. So a trigger that changes
-- jobs of its own choice would have to mark them itself.

create function private.mark_batches()
returns trigger
language plpgsql
-- definer: callers may not write the outbox.
security definer
set search_path = ''
as $$
begin
  insert into public.realtime_outbox (tenant_id, project_id, batch_id, scopes, entity, ids)
  select n.tenant_id, n.project_id, n.id, array[n.id, n.project_id, n.tenant_id], 'batch', array[n.id] from new_rows as n;
  return null;
end
$$;
comment on function private.mark_batches() is 'Marks batches that were made or changed.';

create function private.mark_jobs()
returns trigger
language plpgsql
-- definer: callers may not write the outbox.
security definer
set search_path = ''
as $$
begin
  insert into public.realtime_outbox (tenant_id, project_id, batch_id, scopes, entity, ids)
  select n.tenant_id, n.project_id, n.batch_id, array[n.batch_id, n.project_id, n.tenant_id], 'job',
    case when count(*) <= 200 then array_agg(n.id) end
  from new_rows as n
  group by n.tenant_id, n.project_id, n.batch_id;
  return null;
end
$$;
comment on function private.mark_jobs() is 'Marks jobs that were made or changed.';

create function private.mark_tasks()
returns trigger
language plpgsql
-- definer: callers may not write the outbox.
security definer
set search_path = ''
as $$
begin
  insert into public.realtime_outbox (tenant_id, project_id, batch_id, scopes, entity, ids)
  select n.tenant_id, n.project_id, n.batch_id, array[n.batch_id, n.project_id, n.tenant_id], 'job',
    case when count(distinct n.job_id) <= 200 then array_agg(distinct n.job_id) end
  from new_rows as n
  group by n.tenant_id, n.project_id, n.batch_id;
  return null;
end
$$;
comment on function private.mark_tasks() is 'Marks the jobs of tasks that were made or changed.';

create function private.mark_removed_jobs()
returns trigger
language plpgsql
-- definer: callers may not write the outbox.
security definer
set search_path = ''
as $$
begin
  insert into public.realtime_outbox (tenant_id, project_id, batch_id, scopes, entity, ids)
  select o.tenant_id, o.project_id, o.batch_id, m.scopes, m.entity, m.ids
  from (select distinct r.tenant_id, r.project_id, r.batch_id from old_rows as r) as o
  cross join lateral (
    values (array[o.batch_id, o.project_id], 'job', null), (array[o.tenant_id], 'batch', array[o.batch_id])
  ) as m (scopes, entity, ids);
  return null;
end
$$;
comment on function private.mark_removed_jobs() is
  'Jobs and tasks that are gone have no row that could be sent: followers are to fetch, those of the tenant their batch alone.';

create function private.mark_removed_batches()
returns trigger
language plpgsql
-- definer: callers may not write the outbox.
security definer
set search_path = ''
as $$
begin
  insert into public.realtime_outbox (tenant_id, project_id, scopes, entity)
  select distinct o.tenant_id, o.project_id, array[o.project_id, o.tenant_id], 'batch' from old_rows as o;
  return null;
end
$$;
comment on function private.mark_removed_batches() is 'Batches that are gone have no row that could be sent: followers are to fetch.';

create function private.mark_project()
returns trigger
language plpgsql
-- definer: callers may not write the outbox.
security definer
set search_path = ''
as $$
begin
  insert into public.realtime_outbox (tenant_id, project_id, scopes, entity, ids)
  values (new.tenant_id, new.id, array[new.id, new.tenant_id], 'project', array[new.id]);
  return null;
end
$$;
comment on function private.mark_project() is 'Marks a project that was made or changed.';

create function private.mark_removed_project()
returns trigger
language plpgsql
-- definer: callers may not write the outbox.
security definer
set search_path = ''
as $$
begin
  insert into public.realtime_outbox (tenant_id, project_id, scopes, entity)
  values (old.tenant_id, old.id, array[old.id, old.tenant_id], 'project');
  return null;
end
$$;
comment on function private.mark_removed_project() is 'A project that is gone has no row that could be sent: followers are to fetch.';

create function private.mark_tenant()
returns trigger
language plpgsql
-- definer: callers may not write the outbox.
security definer
set search_path = ''
as $$
begin
  insert into public.realtime_outbox (tenant_id, scopes, entity, ids) values (new.id, array[new.id], 'tenant', array[new.id]);
  return null;
end
$$;
comment on function private.mark_tenant() is 'Marks a tenant that was changed.';

create function private.mark_rights()
returns trigger
language plpgsql
-- definer: callers may not write the outbox.
security definer
set search_path = ''
as $$
declare
  v_tenant_id uuid := coalesce(new.tenant_id, old.tenant_id);
begin
  insert into public.realtime_outbox (tenant_id, scopes, entity, ids)
  values (v_tenant_id, array[v_tenant_id], 'tenant', array[v_tenant_id]);
  return null;
end
$$;
comment on function private.mark_rights() is
  'Marks the tenant of a member who may do other things now: followers are told of it, ask who they are, and fetch what they may do.';

create trigger mark_inserted after insert on public.batches
referencing new table as new_rows for each statement when (pg_trigger_depth() = 0) execute function private.mark_batches();
create trigger mark_updated after update on public.batches
referencing new table as new_rows for each statement when (pg_trigger_depth() = 0) execute function private.mark_batches();
create trigger mark_deleted after delete on public.batches
referencing old table as old_rows for each statement when (pg_trigger_depth() = 0) execute function private.mark_removed_batches();
create trigger mark_inserted after insert on public.generation_jobs
referencing new table as new_rows for each statement when (pg_trigger_depth() = 0) execute function private.mark_jobs();
create trigger mark_updated after update on public.generation_jobs
referencing new table as new_rows for each statement when (pg_trigger_depth() = 0) execute function private.mark_jobs();
create trigger mark_deleted after delete on public.generation_jobs
referencing old table as old_rows for each statement when (pg_trigger_depth() = 0) execute function private.mark_removed_jobs();
create trigger mark_inserted after insert on public.stage_tasks
referencing new table as new_rows for each statement when (pg_trigger_depth() = 0) execute function private.mark_tasks();
create trigger mark_updated after update on public.stage_tasks
referencing new table as new_rows for each statement when (pg_trigger_depth() = 0) execute function private.mark_tasks();
create trigger mark_deleted after delete on public.stage_tasks
referencing old table as old_rows for each statement when (pg_trigger_depth() = 0) execute function private.mark_removed_jobs();
create trigger mark_inserted after insert on public.projects for each row execute function private.mark_project();
create trigger mark_updated after update on public.projects for each row execute function private.mark_project();
create trigger mark_deleted after delete on public.projects for each row when (pg_trigger_depth() = 0)
execute function private.mark_removed_project();
-- Not where only a counter of the tenant goes on.
create trigger mark_updated after update on public.tenants for each row when (
  (new.name, new.plan, new.max_concurrent_tasks, new.paused_at, new.epoch, new.deleted_at)
  is distinct from (old.name, old.plan, old.max_concurrent_tasks, old.paused_at, old.epoch, old.deleted_at)
) execute function private.mark_tenant();
-- A member who is removed is told by the next epoch; one who comes follows nothing yet.
create trigger mark_updated after update on public.memberships for each row when (
  (new.role, new.analytics_scope) is distinct from (old.role, old.analytics_scope)
) execute function private.mark_rights();
create trigger mark_changed after insert or update or delete on public.project_members for each row when (pg_trigger_depth() = 0)
execute function private.mark_rights();
