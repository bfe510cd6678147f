-- A provider that refuses a tenant's own key is left alone for that tenant; a tenant that is restored while its purge waits for
-- it is not purged; a policy of retention that fails keeps no other from its turn.

drop function private.fail_provider_call(text, float8);

create function private.fail_provider_call(p_idempotency_key text, p_retry_after_s float8 default null, p_has_own_key boolean default false)
returns void
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
as $$
declare
  v_call public.provider_calls;
begin
  update public.provider_calls set status = 'failed', finished_at = now()
  where idempotency_key = p_idempotency_key and status = 'started'
  returning * into v_call;
  if p_retry_after_s > 0 and v_call.id is not null then
    insert into private.provider_rates as r (provider, tenant_id, closed_until)
    values (v_call.provider, case when p_has_own_key then v_call.tenant_id end,
      clock_timestamp() + make_interval(secs => least(p_retry_after_s, 3600)))
    on conflict (provider, tenant_id) do update set closed_until = greatest(r.closed_until, excluded.closed_until);
  end if;
end
$$;
comment on function private.fail_provider_call(text, float8, boolean) is
  'A provider refused a call, and took nothing. Where it asked to be left alone (Retry-After, in seconds; an hour at most) all workers leave it alone: '
  'for all tenants, or where the tenant brought its own key, whose account is its own, for that tenant.';
grant execute on function private.fail_provider_call(text, float8, boolean) to cliprow_worker;

comment on column private.tombstones.row_count is
  'Rows that the purge has removed so far, without those that went with them, and files that it has listed for removal.';

create or replace function private.purge_tenant(p_keep_for interval, p_limit int)
returns text
language plpgsql
set search_path = ''
as $$
declare
  v_tenant_id uuid := (
    select d.tenant_id from private.tombstones as d where d.purged_at is null and d.deleted_at < now() - p_keep_for
    -- One whose files are being removed is waited for last.
    order by exists (select from private.condemned_files as c where c.tenant_id = d.tenant_id), d.deleted_at limit 1);
  v_count int := 0;
begin
  if v_tenant_id is null then
    return null;
  end if;
  perform private.lock_tenant(v_tenant_id);
  -- Whoever held the lock may have restored it.
  if not exists (select from private.tombstones as d where d.tenant_id = v_tenant_id and d.purged_at is null) then
    return null;
  end if;
  -- Who did it is in the audit; each row of it is not.
  perform set_config('cliprow.purged_tenant', v_tenant_id::text, true);
  if private.open_job_count(v_tenant_id) > 0 then
    v_count := private.withdraw_open(v_tenant_id);
    if v_count > 0 then
      return v_count || ' jobs withdrawn';
    end if;
  end if;
  v_count := private.purge_rows(v_tenant_id, p_limit);
  if v_count = 0 then
    v_count := private.purge_files(v_tenant_id, p_limit);
    if v_count > 0 then
      update private.tombstones as d set row_count = d.row_count + v_count where d.tenant_id = v_tenant_id;
      return v_count || ' files listed for removal';
    elsif exists (select from private.condemned_files as c where c.tenant_id = v_tenant_id) then
      return null;
    end if;
    delete from public.tenants as t where t.id = v_tenant_id and t.deleted_at is not null;
    update private.tombstones as d set purged_at = now() where d.tenant_id = v_tenant_id;
    perform set_config('cliprow.purged_tenant', '', true);
    perform private.audit(v_tenant_id, 'purge', 'tenants', v_tenant_id::text, '{}', '{}');
    return '1 rows, the last of a tenant';
  end if;
  update private.tombstones as d set row_count = d.row_count + v_count where d.tenant_id = v_tenant_id;
  return v_count || ' rows';
end
$$;

create or replace function private.tick_slowly()
returns jsonb
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
as $$
declare
  v_policy private.retention;
  v_step text;
  v_done jsonb := '{}';
begin
  -- Every worker calls this; one at a time gets through. Each call does one step of the policy that waited longest.
  if not pg_try_advisory_xact_lock(hashtext('cliprow.tick_slowly')) then
    return null;
  end if;
  perform set_config('cliprow.door', 'ticker', true);
  for v_policy in
    select r.* from private.retention as r
    where r.keep_for is not null and (r.ran_at is null or r.ran_at < now() - interval '1 minute')
    order by r.ran_at nulls first, r.kind limit 1
  loop
    begin
      v_step := private.retain(v_policy, 1000);
      -- One that did something may have more to do, and is due again at once.
      update private.retention set ran_at = case when v_step is null then now() else ran_at end, last_error = null,
        last_step = coalesce(v_step, last_step),
        removed_at = case when v_step is null then removed_at else now() end,
        removed_count = removed_count + coalesce(substring(v_step from '(\d+) rows')::bigint, 0)
      where kind = v_policy.kind;
      v_done := jsonb_build_object(v_policy.kind, v_step);
    -- Whatever it is: the one that waited longest would be tried again and again, and no other would have its turn.
    exception when others or query_canceled then
      raise warning 'The retention of % failed: % (%)', v_policy.kind, sqlerrm, sqlstate;
      update private.retention set ran_at = now(), last_error = sqlerrm where kind = v_policy.kind;
      v_done := jsonb_build_object(v_policy.kind, null);
    end;
  end loop;
  return v_done;
end
$$;

create or replace function private.error_codes()
returns table (error_code text, meaning text, next_step text, remedy text)
language sql
immutable
set search_path = ''
as $$
  values
  ('BRIEF_EMPTY', 'The brief has no text.', 'Retry the job with a brief of a few sentences.', 'change'),
  ('BRIEF_TOO_LONG', 'The brief is too long for a video.', 'Retry the job with a shorter brief.', 'change'),
  ('CHILD_CONFUSED', 'The process that ran the stage wrote something that is no answer.', 'Replay it; if it fails again, read its log lines.', 'replay'),
  ('CHILD_DIED', 'The process that ran the stage died.', 'Replay it; if it dies again, read its log lines and the kernel log of its host.', 'operator'),
  ('CHILD_DOES_NOT_START', 'The worker cannot start a process for stages.', 'Run `cliprow doctor` on the worker''s host.', 'operator'),
  ('CLIPROW_ERROR', 'An error without a code of its own.', 'Read its message and log lines.', 'operator'),
  ('CONFLICT', 'The database refused the result because of another row.', 'Replay it; if it fails again, retry the job.', 'replay'),
  ('ERROR_NOT_STORED', 'The task failed, and the database would not store why.', 'Read the worker''s log of that time, then replay it.', 'operator'),
  ('FONT_COVERAGE', 'No font has the letters of this text.', 'Install a font for the language on the worker''s host, then replay it.', 'operator'),
  ('FONT_MISSING', 'The worker has not installed the font of the team''s brand.', 'Install its package for all workers and replay; or choose another in the brand and submit the topic again.', 'operator'),
  ('FONT_UNREADABLE', 'A font file cannot be read.', 'Install the package again, then replay it.', 'operator'),
  ('IMAGE_TOO_LARGE', 'A picture has too many pixels.', 'Retry the job with a smaller picture.', 'change'),
  ('IMAGE_UNREADABLE', 'A picture cannot be decoded.', 'Retry the job with another picture.', 'change'),
  ('INVALID_INPUT', 'The inputs cannot be used as they are.', 'Retry the job with other inputs; the message says which.', 'change'),
  ('INVALID_SETTING', 'A setting of the worker has a value that is none.', 'Correct it in the worker''s environment, restart the worker, replay.', 'operator'),
  ('INVALID_STORAGE_PATH', 'A stored file has a name that the storage does not take.', 'Retry the job from the stage that made the file.', 'change'),
  ('LANGUAGE_INVALID', 'The language tag is none.', 'Retry the job with a tag like en or pt-BR.', 'change'),
  ('LANGUAGE_MISMATCH', 'The text is in another language than was asked for.', 'Retry the job with the language of the text.', 'change'),
  ('MISSING_DEPENDENCY', 'The worker''s host lacks a program.', 'Run `cliprow doctor` there, install what it names, then replay.', 'operator'),
  ('NARRATION_TOO_LONG', 'A scene''s narration is longer than a segment may be.', 'Retry the job with a shorter text for that scene.', 'change'),
  ('NOT_ALLOWED', 'The database or storage does not allow the worker this.', 'Check the role in DATABASE_URL and SUPABASE_SECRET_KEY, then replay.', 'operator'),
  ('NOT_FOUND', 'Something that the task needs is gone.', 'Retry the job from the stage that makes it.', 'change'),
  ('OUT_OF_MEMORY', 'The stage used more memory than it may.', 'Raise --memory-mb or run fewer slots, then replay.', 'operator'),
  ('PLATFORM_RULE_BROKEN', 'The finished video breaks a rule of its platform.', 'Retry the job with a shorter script, or without that platform.', 'change'),
  ('PROVIDER_BUSY', 'The provider kept saying that it is too busy.', 'Replay it later, or lower its rate.', 'replay'),
  ('PROVIDER_FAILED', 'The provider kept failing.', 'Look at its status page, then replay.', 'replay'),
  ('PROVIDER_INVALID_OUTPUT', 'The provider''s answers cannot be used.', 'Replay it, or choose another model.', 'replay'),
  ('PROVIDER_NOT_CONFIGURED', 'The provider lacks a setting, such as its key.', 'Set it in the worker''s environment, restart the worker, replay.', 'operator'),
  ('PROVIDER_QUOTA_EXHAUSTED', 'The provider''s quota is used up.', 'Raise the quota or wait for the next period, then replay.', 'operator'),
  ('PROVIDER_REFUSED', 'The provider refuses this content.', 'Retry the job with another topic or brief.', 'change'),
  ('PROVIDER_REJECTED_REQUEST', 'The provider does not accept the request.', 'Check the model''s name and limits in the settings, then replay.', 'operator'),
  ('PROVIDER_TIMEOUT', 'The provider did not answer in time.', 'Replay it later.', 'replay'),
  ('PROVIDER_UNAUTHORIZED', 'The provider does not accept the key.', 'Put a valid key into the worker''s environment, restart the worker, replay.', 'operator'),
  ('PROVIDER_UNKNOWN', 'There is no provider of the name in the settings.', 'Correct the setting, restart the worker, replay.', 'operator'),
  ('PROVIDER_UNREACHABLE', 'The provider cannot be reached.', 'Check the network of the worker''s host, then replay.', 'replay'),
  ('SCRATCH_UNUSABLE', 'The worker cannot use its working folder.', 'Check the free space and rights of the folder, then replay.', 'operator'),
  ('SCRIPT_LANGUAGE_UNSUPPORTED', 'The script provider does not know the language.', 'Retry the job in another language, or choose another provider.', 'change'),
  ('SEGMENTS_DIFFER', 'The segments of the video do not fit together.', 'Retry the job from video_generation.', 'change'),
  ('SOUND_MISSING', 'A stored narration has no sound.', 'Retry the job from audio_generation.', 'change'),
  ('SOUND_UNREADABLE', 'A stored narration cannot be decoded.', 'Retry the job from audio_generation.', 'change'),
  ('SOURCE_CHANGED', 'A file changed while it was being read.', 'Replay it.', 'replay'),
  ('SOURCE_UNREADABLE', 'A file that the task needs cannot be read.', 'Retry the job with the file uploaded again.', 'change'),
  ('SPEECH_ENGINE_CRASHED', 'The speech engine crashed.', 'Replay it; if it crashes again, choose another voice.', 'replay'),
  ('SPEECH_ENGINE_FAILED', 'The speech engine failed.', 'Replay it; if it fails again, choose another voice.', 'replay'),
  ('SPEECH_LANGUAGE_UNSUPPORTED', 'No voice speaks the language.', 'Retry the job in another language, or with another voice.', 'change'),
  ('SPEECH_TIMEOUT', 'The speech engine took too long.', 'Replay it; if it fails again, shorten the text of the scene.', 'replay'),
  ('SPEECH_VOICE_UNKNOWN', 'There is no voice of this name.', 'Retry the job with another voice.', 'change')
$$;

create or replace function private.more_error_codes()
returns table (error_code text, meaning text, next_step text, remedy text)
language sql
immutable
set search_path = ''
as $$
  values
  ('LOGO_REFUSED', 'The stored logo of the brand is no picture that can be drawn.', 'Let an admin of the team upload the logo again (settings, brand), then submit the topics again.', 'operator'),
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
