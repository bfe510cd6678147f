-- What an error code of a task means, and what to do about it.

create function private.error_codes()
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
comment on function private.error_codes() is
  'What the error codes of stages and providers mean and what to do next. remedy: replay (may work by itself), change (needs other inputs), '
  'operator (something is to be mended first).';

create function private.more_error_codes()
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
comment on function private.more_error_codes() is 'As error_codes, of storage, workers and what has no other place.';

create function public.list_error_codes()
returns table (error_code text, meaning text, next_step text, remedy text)
language sql
stable
-- definer: users may call no other private functions than those that policies need.
security definer
set search_path = ''
as $$
  select * from private.error_codes() union all select * from private.more_error_codes() order by 1
$$;
comment on function public.list_error_codes() is
  'What error codes of tasks mean, what to do next, and the remedy: replay (may work by itself), change (needs other inputs), operator (something is '
  'to be mended first). A task''s own next_step is more exact.';

grant execute on function public.list_error_codes() to authenticated, service_role, cliprow_api;
