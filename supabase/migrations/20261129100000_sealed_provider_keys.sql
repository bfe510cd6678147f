-- Keys of providers are encrypted by the API; plain ones stay until the next start of the API seals them.

alter table private.provider_keys alter column secret drop not null;
alter table private.provider_keys add column sealed text
check (length(sealed) <= 2000 and sealed ~ '^cliprow\.1\.[0-9a-f]{8}\.[A-Za-z0-9_-]{40,}$');
alter table private.provider_keys add column last_four text not null default '' check (length(last_four) in (0, 4));
alter table private.provider_keys add constraint plain_or_sealed check ((secret is null) <> (sealed is null));
update private.provider_keys set last_four = case when length(secret) >= 16 then right(secret, 4) else '' end;
comment on column private.provider_keys.secret is 'Plain, of before keys were sealed; the API seals what it finds here when it starts.';
comment on column private.provider_keys.sealed is
  'The key encrypted by the API: cliprow.1, which key of the deployment, and what it made of this one; tenant and provider are bound to it.';
comment on column private.provider_keys.last_four is 'Its last characters, for people to know it again; empty for a short one.';

create or replace function private.told_key(p_key private.provider_keys)
returns jsonb
language sql
immutable
set search_path = ''
return jsonb_build_object('provider', p_key.provider, 'set_by', p_key.set_by, 'set_at', p_key.set_at, 'last_four', p_key.last_four);

drop function public.set_provider_key(text, text);

create function private.keep_provider_key(p_provider text, p_sealed text, p_last_four text)
returns jsonb
language plpgsql
-- definer: nobody may write the table; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
declare
  v_tenant_id uuid := private.check_role('admin', 'set keys of providers');
  v_key private.provider_keys;
begin
  perform private.check_key_provider(p_provider);
  insert into private.provider_keys as k (tenant_id, provider, sealed, last_four, set_by)
  values (v_tenant_id, p_provider, p_sealed, p_last_four, private.user_id())
  on conflict on constraint provider_keys_pkey do update
    set secret = null, sealed = excluded.sealed, last_four = excluded.last_four, set_by = excluded.set_by, set_at = now()
  returning k.* into v_key;
  return private.told_key(v_key);
end
$$;
comment on function private.keep_provider_key(text, text, text) is
  'For the API, with a caller''s claims: keeps the key of a provider (script), sealed for the caller''s tenant, which its work uses in place of the '
  'deployment''s from the next attempt on. The caller is an admin or owner. Returns {provider, last_four, set_by, set_at}. Raises CR001 or CR003.';

create or replace function private.task_secrets(p_job_id uuid, p_task_id uuid, p_attempt_id uuid)
returns jsonb
language sql
stable
-- definer: workers may not read the table; they are told what the attempt that they run needs, while it runs.
security definer
set search_path = ''
as $$
  select coalesce(jsonb_object_agg(k.provider || '.api_key', coalesce(k.sealed, k.secret)), '{}')
  from public.stage_tasks as t
  join private.provider_keys as k on k.tenant_id = t.tenant_id and k.provider = case t.stage when 'script_generation' then 'script' end
  where t.job_id = p_job_id and t.id = p_task_id and t.attempt_id = p_attempt_id and t.status = 'processing'
$$;
comment on function private.task_secrets(uuid, uuid, uuid) is
  'For workers: settings that the tenant of a running attempt has its own values for, like {"script.api_key": "..."}, sealed as they are kept. Empty '
  'for any other attempt.';

create function private.keys_to_seal(p_key_id text)
returns jsonb
language sql
stable
-- definer: nobody may read the table; the API seals what was not sealed with its first key.
security definer
set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object('tenant_id', k.tenant_id, 'provider', k.provider, 'kept', coalesce(k.sealed, k.secret))), '[]')
  from private.provider_keys as k where k.sealed is null or split_part(k.sealed, '.', 3) <> p_key_id
$$;
comment on function private.keys_to_seal(text) is
  'For the API: keys of providers that are plain, or sealed with another key of the deployment than this one: [{tenant_id, provider, kept}].';

create function private.seal_key(p_tenant_id uuid, p_provider text, p_kept text, p_sealed text)
returns boolean
language sql
-- definer: nobody may write the table.
security definer
set search_path = ''
as $$
  with sealed as (
    update private.provider_keys as k set secret = null, sealed = p_sealed
    where k.tenant_id = p_tenant_id and k.provider = p_provider and coalesce(k.sealed, k.secret) = p_kept
    returning 1
  )
  select exists (select from sealed)
$$;
comment on function private.seal_key(uuid, text, text, text) is
  'For the API: keeps a key of a provider sealed as given, if it is still the one that was read; false if somebody set another meanwhile.';

create trigger audit after insert or update or delete on private.provider_keys
for each row execute function private.audit_row('provider', 'secret,sealed,set_by');

grant execute on function private.keep_provider_key(text, text, text), private.keys_to_seal(text), private.seal_key(uuid, text, text, text) to cliprow_api;

create or replace function private.more_error_codes()
returns table (error_code text, meaning text, next_step text, remedy text)
language sql
immutable
set search_path = ''
as $$
  values
  ('LOGO_REFUSED', 'The stored logo of the brand is no picture that can be drawn.', 'Let an admin of the team upload the logo again (settings, brand), then retry the videos.', 'operator'),
  ('SECRETS_KEY_MISSING', 'The worker lacks the key that the team''s provider key is encrypted with.', 'Set CLIPROW_SECRETS_KEY as for the API, restart the worker, replay.', 'operator'),
  ('SECRET_DAMAGED', 'The team''s stored provider key was changed, or belongs to another team.', 'Let an admin of the team set the key again, then replay.', 'operator'),
  ('STAGE_CRASHED', 'The stage stopped with an error that nobody foresaw.', 'Read its log lines; replay it once they are understood.', 'operator'),
  ('STORAGE_BUCKET_MISSING', 'The storage has no bucket `media`.', 'Create it (`cliprow db migrate` does), then replay.', 'operator'),
  ('STORAGE_CHECKSUM', 'A file arrived other than it was sent.', 'Replay it; if it fails again, check the network and disks.', 'replay'),
  ('STORAGE_FILE_DAMAGED', 'A stored file is not what its checksum says.', 'Retry the job from the stage that made the file.', 'change'),
  ('STORAGE_FILE_EXISTS', 'The storage has another file of this name.', 'Replay it; if it fails again, remove the file named in the message.', 'operator'),
  ('STORAGE_FILE_MISSING', 'A stored file is gone.', 'Retry the job from the stage that made the file.', 'change'),
  ('STORAGE_FILE_TOO_LARGE', 'The file is larger than the storage takes.', 'Raise the limit of the bucket, or shorten the video; then replay.', 'operator'),
  ('STORAGE_FULL', 'The storage is full.', 'Free some space, then replay.', 'operator'),
  ('STORAGE_NOT_ALLOWED', 'The storage does not accept the worker''s key.', 'Check SUPABASE_SECRET_KEY, restart the worker, replay.', 'operator'),
  ('STORAGE_REFUSES', 'The storage refuses the request.', 'Read the message, mend it, then replay.', 'operator'),
  ('TASK_TIMED_OUT', 'The stage took longer than it may.', 'Shorten the video, or look at what else runs on the worker''s host; then replay.', 'operator'),
  ('TOO_LONG', 'The result is longer than its platform allows.', 'Retry the job with a shorter script.', 'change'),
  ('TOO_SHORT', 'The result is shorter than its platform allows.', 'Retry the job with a longer script.', 'change'),
  ('TOPIC_WITHOUT_WORDS', 'The topic has no words to make a script of.', 'Retry the job with a brief.', 'change'),
  ('TRANSIENT_FAILURE', 'Something that should have passed did not.', 'Replay it.', 'replay'),
  ('TRANSIENT_STORAGE_FAILURE', 'The storage or a disk kept failing.', 'Check storage and free disk space, then replay.', 'replay'),
  ('UNAVAILABLE', 'The database or storage did not answer for too long.', 'Check that it runs, then replay.', 'replay'),
  ('UNKNOWN_FAILURE', 'The task failed, and said no more.', 'Read the worker''s log of that time.', 'operator'),
  ('VIDEO_UNREADABLE', 'A stored video cannot be decoded.', 'Retry the job from video_generation.', 'change'),
  ('WORKER_LOST', 'Each worker that ran the task died.', 'Look at the hosts'' memory and logs; replay it on a worker with one slot.', 'operator'),
  ('WORKER_REFUSED', 'The database does not accept the worker.', 'Check DATABASE_URL of the worker.', 'operator')
$$;
