-- Followers are told when a member's role changes, or who works on a project.

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

-- A member who is removed is told by the next epoch; one who comes follows nothing yet.
create trigger mark_updated after update on public.memberships for each row when (
  (new.role, new.analytics_scope) is distinct from (old.role, old.analytics_scope)
) execute function private.mark_rights();
create trigger mark_changed after insert or update or delete on public.project_members for each row when (pg_trigger_depth() = 0)
execute function private.mark_rights();
