-- Which tables are audited, by what their rows are found, and which of their columns nobody changes by hand.

create trigger audit after insert or update or delete on public.tenants
for each row execute function private.audit_row('id', 'epoch,last_batch_number');
create trigger audit after insert or update or delete on public.memberships
for each row execute function private.audit_row('user_id', '');
create trigger audit after insert or update or delete on public.invitations
for each row execute function private.audit_row('id', '');
create trigger audit after insert or update or delete on public.projects
for each row execute function private.audit_row('id', '');
create trigger audit after insert or update or delete on public.project_members
for each row execute function private.audit_row('project_id,user_id', '');
create trigger audit after insert or update or delete on public.schedules
for each row execute function private.audit_row('id', 'next_run_at,last_run_at');
create trigger audit after insert or update or delete on public.webhooks
for each row execute function private.audit_row('id', '');
create trigger audit after update on private.webhook_senders
for each row when (new.secret <> old.secret) execute function private.audit_secret();
create trigger audit after insert or delete on public.batch_dependencies
for each row when (session_user <> 'cliprow_worker') execute function private.audit_row('batch_id,id', 'is_due');
create trigger audit after insert or update or delete on public.feature_flags
for each row execute function private.audit_row('id', '');
create trigger audit after insert or update or delete on public.discarded_letters
for each row execute function private.audit_row('job_id,task_id', '');
create trigger audit after insert or update or delete on private.stage_queues
for each row execute function private.audit_row('stage', '');
create trigger audit after update on private.settings
for each row when (session_user <> 'cliprow_worker') execute function private.audit_row('is_only_row', 'ticked_at,rescue_at');
create trigger audit after update on private.workers
for each row when (new.is_draining <> old.is_draining and session_user <> 'cliprow_worker'
  or new.stop_requested_at is distinct from old.stop_requested_at)
execute function private.audit_row('id', 'heartbeat_at,busy_slots,memory_bytes');

-- Batches and jobs are changed by workers all the time: their roll-ups pass these conditions and cost nothing more.
create trigger audit_made after insert or delete on public.batches
for each row execute function private.audit_row(
  'id', 'job_count,pending_count,processing_count,completed_count,failed_count,cancelled_count,progress_sum,progress'
);
create trigger audit after update on public.batches
for each row when (
  session_user <> 'cliprow_worker' and (
    (new.title, new.options, new.max_concurrent_tasks, new.paused_at, new.deleted_at, new.starts_at, new.deadline)
    is distinct from (old.title, old.options, old.max_concurrent_tasks, old.paused_at, old.deleted_at, old.starts_at, old.deadline)
    or (new.status = 'cancelled' and old.status <> 'cancelled')
  )
)
execute function private.audit_row(
  'id',
  'job_count,pending_count,processing_count,completed_count,failed_count,cancelled_count,progress_sum,progress,completed_at,started_at'
);
create trigger audit after update on public.generation_jobs
referencing old table as old_rows new table as new_rows
for each statement when (session_user <> 'cliprow_worker') execute function private.audit_jobs();
create trigger audit after insert or update or delete on public.provider_prices
for each row execute function private.audit_row('id', '');
create trigger audit after insert or update or delete on public.budgets
for each row execute function private.audit_row('id', 'warned_at,exceeded_at');

-- What people read and reuse, where a user changed that very row: not what workers write, nor what follows from another change
-- (scenes of a deleted script, versions of a changed scene), which costs these conditions and no more.
create trigger audit after insert or update or delete on public.scripts
for each row when (session_user <> 'cliprow_worker' and pg_trigger_depth() = 0) execute function private.audit_row('id', 'search');
create trigger audit after insert or update or delete on public.scenes
for each row when (session_user <> 'cliprow_worker' and pg_trigger_depth() = 0) execute function private.audit_row('id', 'search');
create trigger audit after insert or update or delete on public.content_library
for each row when (session_user <> 'cliprow_worker' and pg_trigger_depth() = 0)
execute function private.audit_row('id', 'usage_count,last_used,performance_score,latest_version');
create trigger audit after insert or delete on public.library_versions
for each row when (session_user <> 'cliprow_worker' and pg_trigger_depth() = 0)
execute function private.audit_row('item_id,number', 'content_keys');

create trigger audit after insert or update or delete on public.brands
for each row execute function private.audit_row('id', 'tenant_id');
