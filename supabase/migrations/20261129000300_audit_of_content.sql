-- What users change of scripts, scenes and the library is in the audit; the door web.

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

comment on column public.audit_events.door is
  'rest, cli, web, data_api (Supabase''s own REST), auth, worker, ticker, schedule, or sql: whoever logged in to the database some other way. '
  'rest, cli and web are what clients of our API say of themselves.';
