-- Dead letters, the audit, workers and load for operators, and retention.

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
  'rest, cli, data_api (Supabase''s own REST), auth, worker, ticker, schedule, or sql: whoever logged in to the database some other way.';
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

create or replace function private.partitioned_tables()
returns table (table_name text, is_keyed_by_id boolean)
language sql
immutable
set search_path = ''
as $$
  -- Parents before children: a month is dropped in the opposite order.
  values
  ('generation_jobs', true), ('stage_tasks', true), ('task_attempts', true), ('generated_content', true),
  ('job_events', true), ('performance_metrics', false), ('audit_events', true)
$$;
comment on function private.partitioned_tables() is
  'Tables partitioned by month, and whether by a version 7 uuid (its own or its job''s) or by a time.';
select private.ensure_partitions();

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

-- Dead letters: tasks that failed for good. Here they are found, shown and discarded; they run again as sql/52_retries.sql says.

create table public.discarded_letters (
  job_id uuid not null,
  task_id uuid not null,
  failed_at timestamptz not null,
  tenant_id uuid not null,
  reason text not null check (btrim(reason) <> '' and length(reason) <= 500),
  discarded_by uuid,
  discarded_at timestamptz not null default now(),
  primary key (job_id, task_id, failed_at),
  foreign key (tenant_id, job_id) references public.generation_jobs (tenant_id, id) on delete cascade
);
comment on table public.discarded_letters is
  'Dead letters that nobody wants to see again, and why. Their tasks stay failed, so that no count changes; one that fails again is a new letter.';
comment on column public.discarded_letters.failed_at is 'completed_at of the task: which of its failures is meant.';
comment on column public.discarded_letters.discarded_by is 'Null where an operator did it. No foreign key: it outlives users.';
create index discarded_letters_tenant_id_job_id on public.discarded_letters (tenant_id, job_id);

alter table public.discarded_letters enable row level security;
create policy "Members read what their tenant has discarded" on public.discarded_letters
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.discarded_letters to authenticated;
grant select, insert, update, delete on public.discarded_letters to service_role;

create table private.attempt_logs (
  job_id uuid not null,
  attempt_id uuid not null,
  lines text not null,
  created_at timestamptz not null default now(),
  primary key (job_id, attempt_id)
);
comment on table private.attempt_logs is
  'The last lines that the process of a failed attempt wrote, and the traceback. Without foreign keys: kept for as long as private.retention says.';
create index attempt_logs_created_at on private.attempt_logs using brin (created_at);

create type private.letter_filter as (
  tenant_id uuid, project_id uuid, batch_id uuid, job_id uuid, task_id uuid, error_code text, stage text, since timestamptz,
  until timestamptz, is_discarded boolean
);
comment on type private.letter_filter is
  'Which dead letters are meant; what is null is not asked for. since and until are about the time of the failure.';

create function private.is_discarded(p_task public.stage_tasks)
returns boolean
language sql
stable
set search_path = ''
as $$
  select exists (
    select from public.discarded_letters as d
    where d.job_id = p_task.job_id and d.task_id = p_task.id and d.failed_at = p_task.completed_at
  )
$$;
comment on function private.is_discarded(public.stage_tasks) is 'Whether a failed task was discarded since it failed.';

create function private.letters(p_filter private.letter_filter)
returns setof public.stage_tasks
language plpgsql
stable
set search_path = ''
-- What is not asked for drops out of the query when it is planned.
set plan_cache_mode = 'force_custom_plan'
as $$
begin
  return query
  select t.*
  from public.stage_tasks as t
  join public.batches as b on b.id = t.batch_id and b.deleted_at is null
  where t.status = 'failed'
    and (p_filter.tenant_id is null or t.tenant_id = p_filter.tenant_id)
    and (p_filter.project_id is null or t.project_id = p_filter.project_id)
    and (p_filter.batch_id is null or t.batch_id = p_filter.batch_id)
    and (p_filter.job_id is null or t.job_id = p_filter.job_id)
    and (p_filter.task_id is null or t.id = p_filter.task_id)
    and (p_filter.error_code is null or t.error_code = p_filter.error_code)
    and (p_filter.stage is null or t.stage = p_filter.stage)
    and (p_filter.since is null or t.completed_at >= p_filter.since)
    and (p_filter.until is null or t.completed_at < p_filter.until)
    and (p_filter.is_discarded is null or p_filter.is_discarded = private.is_discarded(t))
    -- What was withdrawn as a whole is no letter any more.
    and not exists (select from public.generation_jobs as j where j.id = t.job_id and j.status = 'cancelled');
end
$$;
comment on function private.letters(private.letter_filter) is 'Dead letters by a filter, in no order.';

create function private.as_letter(p_task public.stage_tasks)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'job_id', p_task.job_id, 'task_id', p_task.id, 'tenant_id', p_task.tenant_id, 'project_id', p_task.project_id,
    'batch_id', p_task.batch_id, 'batch_number', b.number, 'position', j.position, 'topic', j.topic, 'job_status', j.status,
    'stage', p_task.stage, 'scene_number', p_task.scene_number, 'platform', p_task.platform, 'failed_at', p_task.completed_at,
    'error_code', p_task.error_code, 'error_message', p_task.error_message,
    'next_step', coalesce(nullif(p_task.next_step, ''), c.next_step, ''), 'remedy', coalesce(c.remedy, 'operator'),
    'failure_count', p_task.failure_count, 'lost_count', p_task.lost_count,
    'discarded', (
      select jsonb_build_object('at', d.discarded_at, 'by', d.discarded_by, 'reason', d.reason)
      from public.discarded_letters as d
      where d.job_id = p_task.job_id and d.task_id = p_task.id and d.failed_at = p_task.completed_at)
  )
  from public.generation_jobs as j
  join public.batches as b on b.id = j.batch_id
  left join public.list_error_codes() as c on c.error_code = p_task.error_code
  where j.id = p_task.job_id
$$;
comment on function private.as_letter(public.stage_tasks) is 'What is told of a dead letter in a list.';

create function private.list_letters(
  p_filter private.letter_filter, p_before timestamptz, p_before_id uuid, p_count int
)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(private.as_letter(f) order by f.completed_at desc, f.id desc), '[]')
    from (
      select l.* from private.letters(p_filter) as l
      where p_before is null or (l.completed_at, l.id) < (p_before, coalesce(p_before_id, '00000000-0000-0000-0000-000000000000'))
      order by l.completed_at desc, l.id desc
      limit least(coalesce(p_count, 50), 501)
    ) as f
  );
end
$$;
comment on function private.list_letters(private.letter_filter, timestamptz, uuid, int) is
  'Dead letters as they are told, the last failure first, those that failed before a moment (and id).';

create function private.letter_groups(p_filter private.letter_filter)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(g) order by g.count desc, g.error_code, g.stage), '[]')
    from (
      select f.error_code, f.stage, count(*) as count, count(distinct f.tenant_id) as tenants, min(f.completed_at) as first_at,
        max(f.completed_at) as last_at, coalesce(min(c.meaning), '') as meaning, coalesce(min(c.next_step), min(f.next_step), '') as next_step,
        coalesce(min(c.remedy), 'operator') as remedy
      from private.letters(p_filter) as f
      left join public.list_error_codes() as c on c.error_code = f.error_code
      group by f.error_code, f.stage
      order by count(*) desc
      limit 500
    ) as g
  );
end
$$;
comment on function private.letter_groups(private.letter_filter) is
  'How many dead letters there are by error code and stage, since when, and what is to be done: the most frequent 500.';

create function private.inputs_or_reason(p_task public.stage_tasks)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return private.task_inputs(p_task);
exception when others then
  -- What it needs may be gone, and that may be why it failed.
  return jsonb_build_object('unknown', sqlerrm);
end
$$;
comment on function private.inputs_or_reason(public.stage_tasks) is 'The inputs of a task, or why they cannot be put together.';

create function private.show_letter(p_task public.stage_tasks)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return private.as_letter(p_task) || jsonb_build_object(
    'meaning', (select c.meaning from public.list_error_codes() as c where c.error_code = p_task.error_code),
    'inputs', private.inputs_or_reason(p_task),
    'attempts', (
      select coalesce(jsonb_agg(jsonb_build_object('attempt_id', a.id, 'number', a.number, 'generation', a.generation, 'status', a.status,
        'worker_id', a.worker_id, 'host', a.host, 'started_at', a.started_at, 'finished_at', a.finished_at, 'error_code', a.error_code,
        'error_message', a.error_message, 'next_step', a.next_step, 'is_retriable', a.is_retriable, 'timings', a.timings,
        'log', coalesce(string_to_array(l.lines, E'\n'), '{}')) order by a.number), '[]')
      from public.task_attempts as a
      left join private.attempt_logs as l on l.job_id = a.job_id and l.attempt_id = a.id
      where a.job_id = p_task.job_id and a.task_id = p_task.id),
    'events', (
      select coalesce(jsonb_agg(jsonb_build_object('at', e.created_at, 'status', e.status, 'retries', e.retries,
        'error_code', e.error_code, 'error_message', e.error_message) order by e.id), '[]')
      from (
        select e.* from public.job_events as e where e.job_id = p_task.job_id and e.task_id = p_task.id order by e.id desc limit 200
      ) as e));
end
$$;
comment on function private.show_letter(public.stage_tasks) is
  'A dead letter with its inputs, its attempts (each with its last log lines) and the last 200 of its events.';

create function private.discard(p_tasks public.stage_tasks [], p_reason text, p_user_id uuid)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_count int;
begin
  insert into public.discarded_letters (job_id, task_id, failed_at, tenant_id, reason, discarded_by)
  select t.job_id, t.id, t.completed_at, t.tenant_id, btrim(p_reason), p_user_id from unnest(p_tasks) as t
  on conflict (job_id, task_id, failed_at) do nothing;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function private.discard(public.stage_tasks [], text, uuid) is 'Takes dead letters, whose tenants are locked, out of the lists; returns how many.';

-- Dead letters: what users call for their tenant, and operators over all tenants.

create function private.check_reason(p_reason text)
returns void
language plpgsql
immutable
set search_path = ''
as $$
begin
  if coalesce(btrim(p_reason), '') = '' or length(p_reason) > 500 then
    raise exception 'A letter is discarded for a reason of up to 500 characters.'
      using errcode = 'CR001', hint = 'Say why nobody needs to see it again.';
  end if;
end
$$;
comment on function private.check_reason(text) is 'Raises CR001 unless a reason is given that can be kept.';

create function public.list_dead_letters(
  project_id uuid default null, batch_id uuid default null, error_code text default null, stage text default null,
  since timestamptz default null, until timestamptz default null, is_discarded boolean default false,
  before timestamptz default null, before_id uuid default null, count int default 50
)
returns jsonb
language plpgsql
stable
-- definer: reads across what policies would look at row by row; it asks for the caller's tenant itself.
security definer
set search_path = ''
as $$
declare
  v_tenant_id uuid := private.acting_tenant_id();
begin
  return private.list_letters(
    row(v_tenant_id, list_dead_letters.project_id, list_dead_letters.batch_id, null, null, list_dead_letters.error_code,
      list_dead_letters.stage, list_dead_letters.since, list_dead_letters.until, coalesce(list_dead_letters.is_discarded, false)
    )::private.letter_filter,
    list_dead_letters.before, list_dead_letters.before_id, list_dead_letters.count);
end
$$;
comment on function public.list_dead_letters(
  uuid, uuid, text, text, timestamptz, timestamptz, boolean, timestamptz, uuid, int
) is
  'What failed for good in the caller''s tenant, the last failure first, by project, batch, error code, stage and time of the failure; those that '
  'failed before a moment (and task id). With is_discarded those that were discarded. Run them again with retry_task or retry_failed.';

create function public.count_dead_letters(
  project_id uuid default null, batch_id uuid default null, since timestamptz default null, until timestamptz default null
)
returns jsonb
language plpgsql
stable
-- definer: reads across what policies would look at row by row; it asks for the caller's tenant itself.
security definer
set search_path = ''
as $$
declare
  v_tenant_id uuid := private.acting_tenant_id();
begin
  return private.letter_groups(
    row(v_tenant_id, count_dead_letters.project_id, count_dead_letters.batch_id, null, null, null, null, count_dead_letters.since,
      count_dead_letters.until, false)::private.letter_filter);
end
$$;
comment on function public.count_dead_letters(uuid, uuid, timestamptz, timestamptz) is
  'How much failed for good in the caller''s tenant, by error code and stage: [{error_code, stage, count, tenants, first_at, last_at, meaning, '
  'next_step, remedy}].';

create function private.letter_or_raise(p_tenant_id uuid, p_job_id uuid, p_task_id uuid)
returns public.stage_tasks
language plpgsql
stable
set search_path = ''
as $$
declare
  v_task public.stage_tasks;
begin
  select l.* into v_task
  from private.letters(row(p_tenant_id, null, null, p_job_id, p_task_id, null, null, null, null, null)::private.letter_filter) as l;
  if not found then
    raise exception 'There is no dead letter %.', p_task_id
      using errcode = 'CR002', hint = 'List the dead letters; it may have been run again or withdrawn meanwhile.';
  end if;
  return v_task;
end
$$;
comment on function private.letter_or_raise(uuid, uuid, uuid) is
  'A dead letter of a tenant, or of any for null, discarded or not; raises CR002 when there is none.';

create function public.show_dead_letter(job_id uuid, task_id uuid)
returns jsonb
language plpgsql
stable
-- definer: log lines are in a table that nobody may read; it asserts the right to control the project itself.
security definer
set search_path = ''
as $$
declare
  v_task public.stage_tasks := private.letter_or_raise(private.acting_tenant_id(), show_dead_letter.job_id, show_dead_letter.task_id);
begin
  perform private.check_controls(v_task.project_id, 'see the log lines of this project');
  return private.show_letter(v_task);
end
$$;
comment on function public.show_dead_letter(uuid, uuid) is
  'A dead letter with its inputs, its attempts and their log lines, and its events; for those who control the project. Raises CR002 or CR003.';

create function public.discard_letters(
  reason text, job_id uuid default null, task_id uuid default null, project_id uuid default null, batch_id uuid default null,
  error_code text default null, stage text default null, since timestamptz default null, until timestamptz default null
)
returns jsonb
language plpgsql
-- definer: users may not write what was discarded; it asserts the right to control the projects itself.
security definer
set search_path = ''
as $$
declare
  v_tenant_id uuid := private.acting_tenant_id();
  v_tasks public.stage_tasks [];
begin
  perform private.check_reason(discard_letters.reason);
  if not private.has_role('editor') then
    raise exception 'Your role does not allow you to discard anything.' using errcode = 'CR003', hint = 'Ask an editor, admin or owner.';
  end if;
  perform private.lock_tenant(v_tenant_id);
  if discard_letters.task_id is not null then
    perform private.check_controls(
      (private.letter_or_raise(v_tenant_id, discard_letters.job_id, discard_letters.task_id)).project_id, 'control this project');
  end if;
  v_tasks := array(
    select l
    from private.letters(row(v_tenant_id, discard_letters.project_id, discard_letters.batch_id, discard_letters.job_id,
      discard_letters.task_id, discard_letters.error_code, discard_letters.stage, discard_letters.since, discard_letters.until,
      false)::private.letter_filter) as l
    where l.project_id in (select c from private.controlled_project_ids() as c)
    order by l.completed_at, l.id limit 1001);
  return jsonb_build_object('discarded_letters', private.discard(v_tasks[1:1000], discard_letters.reason, private.user_id()),
    'is_finished', cardinality(v_tasks) <= 1000);
end
$$;
comment on function public.discard_letters(text, uuid, uuid, uuid, uuid, text, text, timestamptz, timestamptz) is
  'Takes dead letters of projects that the caller controls out of the lists, for a reason: one by job and task, or all by a filter, at most 1,000 in '
  'one call: repeat it until is_finished. Their tasks stay failed. Returns {discarded_letters, is_finished}. Raises CR001, CR002 or CR003.';

grant execute on function
public.list_dead_letters(uuid, uuid, text, text, timestamptz, timestamptz, boolean, timestamptz, uuid, int),
public.count_dead_letters(uuid, uuid, timestamptz, timestamptz), public.show_dead_letter(uuid, uuid),
public.discard_letters(text, uuid, uuid, uuid, uuid, text, text, timestamptz, timestamptz)
to authenticated;

create function private.letter_filter_of(p_filter jsonb, p_is_discarded boolean)
returns private.letter_filter
language plpgsql
stable
set search_path = ''
as $$
declare
  v_unknown text := (
    select string_agg(k, ', ') from jsonb_object_keys(p_filter) as k
    where k not in ('tenant_id', 'project_id', 'batch_id', 'job_id', 'task_id', 'error_code', 'stage', 'since', 'until', 'is_discarded')
  );
begin
  if v_unknown is not null then
    raise exception 'A filter of dead letters has no %.', v_unknown using errcode = 'CR001',
      hint = 'Use tenant_id, project_id, batch_id, job_id, task_id, error_code, stage, since, until, is_discarded.';
  end if;
  return jsonb_populate_record(null::private.letter_filter,
    jsonb_build_object('is_discarded', p_is_discarded) || jsonb_strip_nulls(p_filter));
end
$$;
comment on function private.letter_filter_of(jsonb, boolean) is 'A filter that an operator has sent; raises CR001 for fields that it does not have.';

create function private.find_letters(
  p_filter jsonb, p_before timestamptz default null, p_before_id uuid default null, p_count int default 50
)
returns jsonb
language sql
stable
-- definer: for operators, whose role may not read the tables.
security definer
set search_path = ''
as $$
  select private.list_letters(private.letter_filter_of(p_filter, false), p_before, p_before_id, p_count)
$$;
comment on function private.find_letters(jsonb, timestamptz, uuid, int) is 'For operators: as list_dead_letters, over all tenants or one.';

create function private.count_letters(p_filter jsonb)
returns jsonb
language sql
stable
-- definer: for operators, whose role may not read the tables.
security definer
set search_path = ''
as $$
  select private.letter_groups(private.letter_filter_of(p_filter, false))
$$;
comment on function private.count_letters(jsonb) is 'For operators: as count_dead_letters, over all tenants or one.';

create function private.inspect_letter(p_job_id uuid, p_task_id uuid)
returns jsonb
language sql
stable
-- definer: for operators, whose role may not read the tables.
security definer
set search_path = ''
as $$
  select private.show_letter(private.letter_or_raise(null, p_job_id, p_task_id))
$$;
comment on function private.inspect_letter(uuid, uuid) is 'For operators: as show_dead_letter, of any tenant. Raises CR002.';

create function private.locked_letters(p_filter jsonb)
returns public.stage_tasks []
language plpgsql
set search_path = ''
as $$
declare
  v_filter private.letter_filter := private.letter_filter_of(p_filter, false);
  v_found public.stage_tasks [];
begin
  v_found := array(select l from private.letters(v_filter) as l order by l.completed_at, l.id limit 1001);
  if v_filter.task_id is not null and v_found = '{}' then
    perform private.letter_or_raise(v_filter.tenant_id, v_filter.job_id, v_filter.task_id);
  end if;
  perform private.lock_tenants(array(select distinct f.tenant_id from unnest(v_found) as f));
  -- Looked at again, now that nobody else changes them.
  return array(
    select t from unnest(v_found) as f join public.stage_tasks as t on t.job_id = f.job_id and t.id = f.id
    where t.status = 'failed' and t.completed_at = f.completed_at order by t.completed_at, t.id
  );
end
$$;
comment on function private.locked_letters(jsonb) is
  'Up to 1,001 dead letters by a filter, the oldest first, with their tenants locked. Raises CR002 where one is named that is none.';

create function private.replay_letters(p_filter jsonb)
returns jsonb
language plpgsql
-- definer: for operators, whose role may not write jobs and tasks.
security definer
set search_path = ''
as $$
declare
  v_tasks public.stage_tasks [] := private.locked_letters(p_filter);
  v_count int;
begin
  v_count := private.retry_tasks(
    array(select distinct t.job_id from unnest(v_tasks[1:1000]) as t), array(select t.id from unnest(v_tasks[1:1000]) as t));
  perform private.release();
  return jsonb_build_object('retried_tasks', v_count, 'retried_jobs', (select count(distinct t.job_id) from unnest(v_tasks[1:1000]) as t),
    'is_finished', cardinality(v_tasks) <= 1000);
end
$$;
comment on function private.replay_letters(jsonb) is
  'For operators: as retry_failed, over all tenants, by {tenant_id, project_id, batch_id, job_id, task_id, error_code, stage, since, until}; at most '
  '1,000 in one call. Returns {retried_tasks, retried_jobs, is_finished}. Raises CR001 or CR002.';

create function private.drop_letters(p_filter jsonb, p_reason text)
returns jsonb
language plpgsql
-- definer: for operators, whose role may not write what was discarded.
security definer
set search_path = ''
as $$
declare
  v_tasks public.stage_tasks [];
begin
  perform private.check_reason(p_reason);
  v_tasks := private.locked_letters(p_filter);
  return jsonb_build_object('discarded_letters', private.discard(v_tasks[1:1000], p_reason, null), 'is_finished', cardinality(v_tasks) <= 1000);
end
$$;
comment on function private.drop_letters(jsonb, text) is
  'For operators: as discard_letters, over all tenants; at most 1,000 in one call. Returns {discarded_letters, is_finished}. Raises CR001 or CR002.';

grant execute on function
private.find_letters(jsonb, timestamptz, uuid, int), private.count_letters(jsonb), private.inspect_letter(uuid, uuid),
private.replay_letters(jsonb), private.drop_letters(jsonb, text)
to service_role, cliprow_api;

-- Triggers that write down what users and operators change. What workers do to tasks, jobs and batches is in job_events.

create function private.door()
returns text
language sql
stable
set search_path = ''
as $$
  select case
    when private.claims() ? 'schedule_id' then 'schedule'
    when coalesce(current_setting('cliprow.door', true), '') <> '' then current_setting('cliprow.door')
    when session_user = 'authenticator' then 'data_api'
    when session_user = 'supabase_auth_admin' then 'auth'
    when session_user = 'cliprow_api' then 'rest'
    when session_user = 'cliprow_worker' then 'worker'
    else 'sql' end
$$;
comment on function private.door() is
  'Which way the caller came. Our API, commands and ticker say so in the setting cliprow.door; others are known by whom they logged in as.';

create function private.actor_role(p_tenant_id uuid)
returns text
language sql
stable
set search_path = ''
as $$
  select coalesce(
    (select m.role from public.memberships as m where m.user_id = private.user_id() and m.tenant_id = p_tenant_id),
    nullif(private.claims() ->> 'role', ''), nullif(nullif(current_setting('role'), 'none'), ''), session_user::text)
$$;
comment on function private.actor_role(uuid) is 'The caller''s role in a tenant; of who has none the role of the database.';

create function private.is_secret(p_name text)
returns boolean
language sql
immutable
set search_path = ''
return p_name ~* '(secret|token|password|passwd|api_?key|credential|authorization|private_key)';
comment on function private.is_secret(text) is 'Whether a value of this name may be a secret.';

create function private.shown(p_name text, p_value jsonb)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case
    when p_value is null or p_value = 'null' then 'null'
    when private.is_secret(p_name) then '"(secret)"'
    -- Addresses may carry passwords and keys.
    when p_name = 'url' then to_jsonb(regexp_replace(p_value #>> '{}', '^(\w+://)([^/?#@]*@)?([^/?#]*).*$', '\1\3/...'))
    when octet_length(p_value::text) > 2000 then jsonb_build_object('bytes', octet_length(p_value::text))
    when jsonb_typeof(p_value) = 'object' then (
      select coalesce(jsonb_object_agg(e.key, private.shown(e.key, e.value)), '{}') from jsonb_each(p_value) as e)
    when jsonb_typeof(p_value) = 'array' then (
      select coalesce(jsonb_agg(private.shown(p_name, e.value)), '[]') from jsonb_array_elements(p_value) as e)
    else p_value end;
end
$$;
comment on function private.shown(text, jsonb) is 'A value as an audit may keep it: without what may be secret, and of what is long only the size.';

create function private.changed_columns(p_old jsonb, p_new jsonb, p_ignored text [])
returns text []
language sql
immutable
set search_path = ''
return array(
  select k from jsonb_object_keys(coalesce(p_old, '{}') || coalesce(p_new, '{}')) as k
  where k <> all(p_ignored) and k not in ('version', 'updated_at')
    and (p_old is null or p_new is null or p_old -> k is distinct from p_new -> k)
  order by k
);
comment on function private.changed_columns(jsonb, jsonb, text []) is 'The columns in which two rows differ, all of one where there is no other.';

create function private.columns_shown(p_row jsonb, p_columns text [])
returns jsonb
language sql
immutable
set search_path = ''
return (
  select coalesce(jsonb_object_agg(c, private.shown(c, p_row -> c)), '{}')
  from unnest(p_columns) as c where p_row -> c is not null and p_row -> c <> 'null'
);
comment on function private.columns_shown(jsonb, text []) is 'Some columns of a row as an audit may keep them; empty ones are left out.';

create function private.meaning_of(p_action text, p_entity text, p_old jsonb, p_new jsonb, p_columns text [])
returns text
language sql
immutable
set search_path = ''
return case
  when p_action <> 'update' then case when p_entity = 'discarded_letters' and p_action = 'insert' then 'discard' else p_action end
  when 'stop_requested_at' = any(p_columns) then 'stop'
  when 'is_draining' = any(p_columns) then case when p_new -> 'is_draining' = 'true' then 'drain' else 'undrain' end
  when p_new ->> 'status' = 'cancelled' and p_old ->> 'status' <> 'cancelled' then 'cancel'
  when 'generation' = any(p_columns) then 'retry'
  when 'deleted_at' = any(p_columns) then case when p_new ->> 'deleted_at' is null then 'restore' else 'delete' end
  when 'paused_at' = any(p_columns) then case
    when p_new ->> 'paused_at' is null then 'resume' when p_old ->> 'paused_at' is null then 'pause' else 'update' end
  when 'secret' = any(p_columns) then 'rotate_secret'
  else 'update' end;
comment on function private.meaning_of(text, text, jsonb, jsonb, text []) is 'What a change of a row means to people.';

create function private.ready_audit()
returns void
language plpgsql
set search_path = ''
as $$
begin
  -- The ticker makes months ahead; where none ran for months, nobody may be kept from working by that.
  if to_regclass(format('partitions.audit_events_%s', to_char(now() at time zone 'UTC', 'YYYY_MM'))) is null then
    perform private.ensure_month(now());
  end if;
end
$$;
comment on function private.ready_audit() is 'Makes sure that the audit has a leaf for now.';

create function private.audit(
  p_tenant_id uuid, p_action text, p_entity text, p_entity_id text, p_before jsonb, p_after jsonb
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.ready_audit();
  insert into public.audit_events (tenant_id, user_id, role, door, action, entity, entity_id, before, after)
  values (p_tenant_id, private.user_id(), private.actor_role(p_tenant_id), private.door(), p_action, p_entity, p_entity_id,
    coalesce(p_before, '{}'), coalesce(p_after, '{}'));
end
$$;
comment on function private.audit(uuid, text, text, text, jsonb, jsonb) is 'Writes down what the caller did to a row.';

create function private.audit_row()
returns trigger
language plpgsql
-- definer: whoever changes a row may not write the audit.
security definer
set search_path = ''
as $$
declare
  v_old jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  v_new jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
  v_row jsonb := coalesce(v_new, v_old);
  v_columns text [] := private.changed_columns(v_old, v_new, string_to_array(tg_argv[1], ','));
  -- What a row is found by, in the order in which a key is put together.
  v_key text := (select string_agg(v_row ->> k, '/' order by p) from unnest(string_to_array(tg_argv[0], ',')) with ordinality as u (k, p));
begin
  if v_columns <> '{}' then
    perform private.audit(
      case when tg_table_name = 'tenants' then (v_row ->> 'id')::uuid else (v_row ->> 'tenant_id')::uuid end,
      private.meaning_of(lower(tg_op), tg_table_name, v_old, v_new, v_columns), tg_table_name, v_key,
      private.columns_shown(v_old, v_columns), private.columns_shown(v_new, v_columns));
  end if;
  return null;
end
$$;
comment on function private.audit_row() is
  'Writes down a change of a row. Arguments: the columns of its key, and those whose changes nobody made, both separated by commas.';

create function private.audit_secret()
returns trigger
language plpgsql
-- definer: whoever changes a row may not write the audit.
security definer
set search_path = ''
as $$
begin
  perform private.audit((select w.tenant_id from public.webhooks as w where w.id = new.webhook_id), 'rotate_secret', 'webhooks',
    new.webhook_id::text, '{}', '{}');
  return null;
end
$$;
comment on function private.audit_secret() is 'Writes down that a webhook was given another secret; never the secret.';

create function private.audit_jobs()
returns trigger
language plpgsql
-- definer: whoever changes a row may not write the audit.
security definer
set search_path = ''
as $$
declare
  v_columns constant text [] := '{status,generation,paused_at,paused_by,lane,topic,platforms,params,deadline}';
begin
  perform private.ready_audit();
  insert into public.audit_events (tenant_id, user_id, role, door, action, entity, entity_id, before, after)
  select c.tenant_id, private.user_id(), private.actor_role(c.tenant_id), private.door(), c.action,
    'generation_jobs', case when c.count <= 20 then c.id::text end,
    case when c.count <= 20 then private.columns_shown(c.old_row, c.columns) else '{}' end,
    case when c.count <= 20 then private.columns_shown(c.new_row, c.columns) else '{}' end
      || jsonb_build_object('batch_id', c.batch_id) || case when c.count > 20 then jsonb_build_object('jobs', c.count) else '{}' end
  from (
    select n.tenant_id, n.batch_id, n.id, m.action, d.columns, o.row as old_row, w.row as new_row,
      count(*) over (partition by n.batch_id, m.action) as count, row_number() over (partition by n.batch_id, m.action) as place
    from new_rows as n
    join old_rows as b on b.id = n.id
    cross join lateral (select to_jsonb(b) as row) as o
    cross join lateral (select to_jsonb(n) as row) as w
    cross join lateral (
      select array(select k from unnest(v_columns) as k where o.row -> k is distinct from w.row -> k) as columns) as d
    cross join lateral (select private.meaning_of('update', 'generation_jobs', o.row, w.row, d.columns) as action) as m
    where (n.status = 'cancelled' and b.status <> 'cancelled') or n.generation <> b.generation
      or (n.paused_at, n.lane, n.topic, n.platforms, n.params, n.deadline)
      is distinct from (b.paused_at, b.lane, b.topic, b.platforms, b.params, b.deadline)
  ) as c
  where c.count <= 20 or c.place = 1;
  return null;
end
$$;
comment on function private.audit_jobs() is
  'Writes down that jobs were paused, resumed, cancelled, retried or changed: each of up to 20 of a batch, of more one entry with their number.';

create function private.audit_tasks(p_action text, p_job_ids uuid [], p_task_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.ready_audit();
  insert into public.audit_events (tenant_id, user_id, role, door, action, entity, entity_id, after)
  select t.tenant_id, private.user_id(), private.actor_role(t.tenant_id), private.door(), p_action, 'stage_tasks',
    t.job_id || '/' || t.id, jsonb_build_object('stage', t.stage, 'status', t.status, 'batch_id', t.batch_id)
  from public.stage_tasks as t where t.job_id = any(p_job_ids) and t.id = any(p_task_ids);
end
$$;
comment on function private.audit_tasks(text, uuid [], uuid []) is 'Writes down what was done to tasks by name.';

create function private.refuse_change()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  raise exception 'The audit is only added to.' using errcode = 'CR004', hint = 'Set in private.retention how long it is kept.';
end
$$;
comment on function private.refuse_change() is 'Refuses changes of what is only added to.';
create trigger refuse_change before update or delete on public.audit_events for each row execute function private.refuse_change();

create type private.audit_filter as (
  tenant_id uuid, user_id uuid, entity text, entity_id text, action text, door text, since timestamptz, until timestamptz
);
comment on type private.audit_filter is 'Which entries of the audit are meant; what is null is not asked for.';

create function private.audit_entries(p_filter private.audit_filter, p_before uuid, p_count int)
returns jsonb
language plpgsql
stable
set search_path = ''
-- What is not asked for drops out of the query when it is planned.
set plan_cache_mode = 'force_custom_plan'
as $$
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(r) order by r.id desc), '[]')
    from (
      select a.* from public.audit_events as a
      where (p_filter.tenant_id is null or a.tenant_id = p_filter.tenant_id)
        and (p_filter.user_id is null or a.user_id = p_filter.user_id)
        and (p_filter.entity is null or a.entity = p_filter.entity)
        and (p_filter.entity_id is null or a.entity_id = p_filter.entity_id)
        and (p_filter.action is null or a.action = p_filter.action)
        and (p_filter.door is null or a.door = p_filter.door)
        and (p_filter.since is null or (a.id >= private.uuid_at(p_filter.since) and a.created_at >= p_filter.since))
        and (p_filter.until is null or (a.id < private.uuid_at(p_filter.until + interval '1 minute') and a.created_at < p_filter.until))
        and (p_before is null or a.id < p_before)
      order by a.id desc
      limit least(coalesce(p_count, 50), 501)
    ) as r
  );
end
$$;
comment on function private.audit_entries(private.audit_filter, uuid, int) is 'Entries of the audit by a filter, the newest first, those before an id.';

create function public.list_audit(
  user_id uuid default null, entity text default null, entity_id text default null, action text default null, door text default null,
  since timestamptz default null, until timestamptz default null, before uuid default null, count int default 50
)
returns jsonb
language plpgsql
stable
-- definer: calls what users may not; it asks for the caller's tenant and role itself.
security definer
set search_path = ''
as $$
declare
  v_tenant_id uuid := private.acting_tenant_id();
begin
  if not private.has_role('admin') then
    raise exception 'Your role does not allow you to read the audit.' using errcode = 'CR003', hint = 'Ask an admin or owner of the tenant.';
  end if;
  return private.audit_entries(row(v_tenant_id, list_audit.user_id, list_audit.entity, list_audit.entity_id, list_audit.action,
    list_audit.door, list_audit.since, list_audit.until)::private.audit_filter, list_audit.before, list_audit.count);
end
$$;
comment on function public.list_audit(uuid, text, text, text, text, timestamptz, timestamptz, uuid, int) is
  'Who did what to which row of the caller''s tenant, when, through which door, newest first; for admins and owners: [{id, tenant_id, user_id, role, '
  'door, action, entity, entity_id, before, after, created_at}]. Raises CR003.';
grant execute on function public.list_audit(uuid, text, text, text, text, timestamptz, timestamptz, uuid, int) to authenticated;

create function private.find_audit(p_filter jsonb, p_before uuid default null, p_count int default 50)
returns jsonb
language sql
stable
-- definer: for operators, whose role may not read the table.
security definer
set search_path = ''
as $$
  select private.audit_entries(jsonb_populate_record(null::private.audit_filter, p_filter), p_before, p_count)
$$;
comment on function private.find_audit(jsonb, uuid, int) is
  'For operators: as list_audit, over all tenants, by {tenant_id, user_id, entity, entity_id, action, door, since, until}.';
grant execute on function private.find_audit(jsonb, uuid, int) to service_role, cliprow_api;

-- What operators see of the workers and of the load: the signal for scaling, and the figures of the service levels.

create function private.list_workers()
returns table (
  worker_id uuid, host text, process_id int, version text, stages text [], slots int, busy_slots int, memory_bytes bigint, state text,
  started_at timestamptz, heartbeat_at timestamptz, running_count bigint
)
language plpgsql
stable
-- definer: for operators, whose role may not read the table.
security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select w.id, w.host, w.process_id, w.version, w.stages, w.slots, w.busy_slots, w.memory_bytes,
    case
      when w.heartbeat_at < now() - s.dead_after then 'silent'
      when w.stop_requested_at is not null then 'stopping'
      when w.is_draining then 'draining'
      else 'working' end,
    w.started_at, w.heartbeat_at,
    (select count(*) from public.stage_tasks as t where t.worker_id = w.id and t.status = 'processing')
  from private.workers as w
  cross join private.settings as s
  order by w.host, w.started_at, w.id;
end
$$;
comment on function private.list_workers() is
  'For operators: the registered workers. state: working, draining (takes nothing new), stopping (ends once nothing runs), or silent (has not beaten '
  'for so long that it is held to be dead).';

create function private.order_worker(p_worker_id uuid, p_order text)
returns jsonb
language plpgsql
-- definer: for operators, whose role may not write the table.
security definer
set search_path = ''
as $$
begin
  case p_order
    when 'drain' then perform private.request_drain(p_worker_id);
    when 'undrain' then
      if (private.worker_or_raise(p_worker_id)).stop_requested_at is not null then
        raise exception 'The worker has been told to stop.' using errcode = 'CR004', hint = 'Start another one in its place.';
      end if;
      perform private.request_drain(p_worker_id, false);
    when 'stop' then perform private.request_stop(p_worker_id);
    else
      raise exception 'A worker knows no order %.', coalesce(p_order, 'null') using errcode = 'CR001', hint = 'Use drain, undrain or stop.';
  end case;
  -- Slots that came or went change how much may be released.
  perform private.release();
  return (select to_jsonb(w) from private.list_workers() as w where w.worker_id = p_worker_id);
end
$$;
comment on function private.order_worker(uuid, text) is
  'For operators: drain (takes nothing new), undrain (takes work again) or stop (ends once nothing runs). The worker hears it with its next heartbeat. '
  'Returns it as list_workers does. Raises CR001, CR002 or CR004.';

create view private.stage_load as
select
  w.stage, w.place,
  exists (select from private.stage_queues as q where q.stage = w.stage and q.paused_at is not null) as is_paused,
  coalesce(g.waiting_count, 0) as waiting_count,
  coalesce(g.ready_count, 0) as ready_count,
  coalesce(t.queued_count, 0) as queued_count,
  coalesce(t.running_count, 0) as running_count,
  coalesce(extract(epoch from now() - g.oldest_at), 0)::float8 as ready_age_s,
  coalesce(extract(epoch from now() - t.oldest_at), 0)::float8 as queued_age_s,
  coalesce(k.worker_count, 0) as worker_count,
  coalesce(k.slots, 0) as slots,
  coalesce(g.ready_count, 0) + coalesce(t.queued_count, 0) + coalesce(t.running_count, 0) as wanted_slots
from private.stage_weights() as w
left join (
  select b.stage, sum(b.waiting_count) as waiting_count, coalesce(sum(b.waiting_count) filter (where b.is_open), 0) as ready_count,
    min(b.served_at) filter (where b.is_open) as oldest_at
  from private.backlogs as b where b.waiting_count > 0 group by b.stage
) as g on g.stage = w.stage
left join (
  select s.stage, count(*) filter (where s.status = 'queued') as queued_count, count(*) filter (where s.status = 'processing') as running_count,
    min(s.queued_at) filter (where s.status = 'queued') as oldest_at
  from public.stage_tasks as s where s.status in ('queued', 'processing') group by s.stage
) as t on t.stage = w.stage
left join (
  select u.stage, count(*) as worker_count, sum(r.slots) as slots
  from private.workers as r cross join private.settings as c cross join lateral unnest(r.stages) as u (stage)
  where not r.is_draining and r.heartbeat_at > now() - c.dead_after group by u.stage
) as k on k.stage = w.stage;
comment on view private.stage_load is
  'Depth and age of each stage''s queue, over all tenants, and who is there to work on it: the signal for scaling. waiting: all that waits; ready: of '
  'batches that may be released; queued: released; ready_age_s: how long the backlog served longest ago has waited for its turn; queued_age_s: how '
  'long the oldest released task has waited for a worker; wanted_slots: as many slots would be busy now if caps allowed it.';

create function private.list_stage_load()
returns setof private.stage_load
language sql
stable
-- definer: for operators, whose role may not read the view.
security definer
set search_path = ''
as $$
  select * from private.stage_load order by place
$$;
comment on function private.list_stage_load() is 'For operators: the rows of private.stage_load, in the order of the stages.';

create function private.recent_attempts(p_window interval)
returns table (stage text, status text, is_retriable boolean, count bigint, storage_count bigint, p50_ms float8, p95_ms float8)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select t.stage, a.status, coalesce(a.is_retriable, false), count(*),
    count(*) filter (where a.error_code ~ '^(TRANSIENT_)?STORAGE_'),
    percentile_cont(0.5) within group (order by extract(epoch from a.finished_at - a.started_at)::float8 * 1000),
    percentile_cont(0.95) within group (order by extract(epoch from a.finished_at - a.started_at)::float8 * 1000)
  from public.task_attempts as a
  join public.stage_tasks as t on t.job_id = a.job_id and t.id = a.task_id
  where a.started_at >= now() - p_window and a.finished_at is not null
  group by t.stage, a.status, coalesce(a.is_retriable, false);
end
$$;
comment on function private.recent_attempts(interval) is
  'Attempts that began in the last so long and have ended, by stage and outcome: how many, how many of them failed for the storage, and how long they took.';
-- Rows come in the order of time, so that this costs nothing to keep.
create index task_attempts_started_at on public.task_attempts using brin (started_at) with (pages_per_range = 16);
create index job_events_created_at on public.job_events using brin (created_at) with (pages_per_range = 16);

create function private.metrics(p_window interval default '5 minutes')
returns jsonb
language plpgsql
stable
-- definer: for operators, whose role may not read the tables.
security definer
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'window_s', extract(epoch from p_window),
    'stages', (select jsonb_agg(to_jsonb(l) - 'place' order by l.place) from private.stage_load as l),
    'workers', (select coalesce(jsonb_agg(to_jsonb(w)), '[]') from (
      select l.state, count(*) as count, sum(l.slots) as slots, sum(l.busy_slots) as busy_slots, sum(l.memory_bytes) as memory_bytes
      from private.list_workers() as l group by l.state) as w),
    'attempts', (select coalesce(jsonb_agg(to_jsonb(a)), '[]') from private.recent_attempts(p_window) as a),
    'dead_letters', (select coalesce(jsonb_agg(jsonb_build_object('stage', g ->> 'stage', 'error_code', g ->> 'error_code',
      'count', g -> 'count')), '[]') from jsonb_array_elements(private.letter_groups(
        row(null, null, null, null, null, null, null, null, null, false)::private.letter_filter)) as g),
    'jobs_ended', (select coalesce(jsonb_object_agg(e.status, e.count), '{}') from (
      select e.status, count(*) as count from public.job_events as e
      where e.created_at >= now() - interval '1 hour' and e.task_id is null and e.status in ('completed', 'failed', 'cancelled')
      group by e.status) as e),
    'live_lag_s', (select coalesce(extract(epoch from now() - min(o.created_at)), 0) from public.realtime_outbox as o),
    'tick_age_s', (select case when isfinite(s.ticked_at) then least(extract(epoch from now() - s.ticked_at), 1e9) else 1e9 end from private.settings as s),
    'denials', (select coalesce(jsonb_object_agg(d.kind, d.count), '{}') from (
      select d.kind, sum(d.denial_count) as count from private.access_denials as d
      where d.hour >= now() - interval '1 hour' group by d.kind) as d));
end
$$;
comment on function private.metrics(interval) is
  'For operators: load by stage, workers, attempts of the last so long (outcomes, p50, p95), dead letters by code, jobs that ended within an hour, how '
  'far live messages and the ticker are behind, and refused requests of the last hour.';

grant execute on function
private.list_workers(), private.order_worker(uuid, text), private.list_stage_load(), private.metrics(interval)
to service_role, cliprow_api;

-- Retention: how long what is kept for the record stays, and its removal in small steps. What users work with (batches, jobs,
-- content, figures) stays for ever unless the policy says otherwise.

create table private.retention (
  kind text primary key,
  keep_for interval check (keep_for >= '1 day'),
  about text not null,
  ran_at timestamptz,
  removed_count bigint not null default 0,
  removed_at timestamptz,
  last_step text not null default '',
  last_error text
);
comment on table private.retention is 'How long each kind of row is kept, and what its removal last did.';
comment on column private.retention.keep_for is 'At least a day; null keeps for ever.';
comment on column private.retention.last_step is 'The last time that something was removed: how many rows, or which leaf.';
comment on column private.retention.last_error is 'Why the last step did not succeed; it is tried again a minute later.';
insert into private.retention (kind, keep_for, about) values
('batches', null, 'Batches that have ended, with their jobs, tasks and content.'),
('task_attempts', '365 days', 'Attempts of ended jobs, by the month of their jobs.'),
('job_events', '365 days', 'Events of ended jobs, by the month of their jobs.'),
('audit_events', '730 days', 'The audit, by months.'),
('performance_metrics', null, 'Reports of figures, by months; the daily figures stay.'),
('attempt_logs', '30 days', 'Log lines of failed attempts.'),
('asset_access', '365 days', 'Who was let to which file.'),
('webhook_deliveries', '30 days', 'What webhooks were told.'),
('idempotency_keys', '30 days', 'Keys of requests that made batches.'),
('realtime_outbox', '1 day', 'Marks of changes that nobody could be told of.'),
('queue_entries', '1 day', 'Finished rows of the queue library.'),
('queue_workers', '1 day', 'Processes that the queue library and we have not heard of since.');
create index idempotency_keys_created_at on public.idempotency_keys (created_at);

create function private.old_leaf(p_table text, p_keep_for interval)
returns text
language sql
stable
set search_path = ''
as $$
  -- By its name, which says the month. One that ended this long ago holds no job made later.
  select c.relname
  from pg_catalog.pg_class as c
  where c.relnamespace = 'partitions'::regnamespace and c.relispartition and c.relname ~ ('^' || p_table || '_\d{4}_\d{2}$')
    and (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month') at time zone 'UTC' < now() - p_keep_for
  order by c.relname limit 1
$$;
comment on function private.old_leaf(text, interval) is 'The oldest leaf of a table whose month ended longer ago than this; null when there is none.';

create function private.is_leaf_over(p_table text, p_leaf text, p_keep_for interval)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
declare
  v_from timestamptz := to_date(right(p_leaf, 7), 'YYYY_MM')::timestamp at time zone 'UTC';
  v_moment text := case p_table when 'task_attempts' then 'started_at' when 'job_events' then 'created_at' end;
  v_found boolean;
begin
  if v_moment is null then
    return true;
  end if;
  -- A job that was retried later has newer rows in the same leaf.
  execute format('select exists (select from partitions.%I where %s >= now() - $1)', p_leaf, v_moment) into v_found using p_keep_for;
  return not v_found and not exists (
    select from public.generation_jobs as j
    where j.id >= private.uuid_at(v_from) and j.id < private.uuid_at(v_from + interval '1 month') and j.status in ('pending', 'processing')
  );
end
$$;
comment on function private.is_leaf_over(text, text, interval) is
  'Whether everything in a leaf is older than this, and all jobs that it tells of have ended.';

create function private.retire_leaf(p_table text, p_keep_for interval)
returns text
language plpgsql
set search_path = ''
-- Dropping locks the root for a moment. While somebody uses it, it is left for the next time.
set lock_timeout = '300ms'
as $$
declare
  v_leaf text := private.old_leaf(p_table, p_keep_for);
  v_count bigint;
begin
  if v_leaf is null or not private.is_leaf_over(p_table, v_leaf, p_keep_for) then
    return null;
  end if;
  select greatest(0, c.reltuples)::bigint into v_count
  from pg_catalog.pg_class as c where c.relnamespace = 'partitions'::regnamespace and c.relname = v_leaf;
  execute format('alter table public.%I detach partition partitions.%I', p_table, v_leaf);
  execute format('drop table partitions.%I', v_leaf);
  return format('dropped leaf %s of about %s rows', v_leaf, v_count);
end
$$;
comment on function private.retire_leaf(text, interval) is
  'Drops the oldest leaf of a table if everything in it is over; returns what it did, null for nothing. Raises 55P03 where the table is busy.';

create function private.remove_batches(p_keep_for interval, p_limit int)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_batch public.batches;
  v_job_ids uuid [];
begin
  select b.* into v_batch from public.batches as b
  where b.completed_at < now() - p_keep_for order by b.completed_at, b.id limit 1;
  if not found then
    return 0;
  end if;
  perform private.lock_tenant(v_batch.tenant_id);
  -- A retry may have come first.
  select b.* into v_batch from public.batches as b where b.id = v_batch.id and b.completed_at < now() - p_keep_for for update;
  if not found then
    return 0;
  end if;
  v_job_ids := array(
    select j.id from public.generation_jobs as j where j.tenant_id = v_batch.tenant_id and j.batch_id = v_batch.id order by j.id limit p_limit);
  delete from public.generation_jobs as j where j.id = any(v_job_ids);
  if cardinality(v_job_ids) < p_limit then
    delete from public.batches as b where b.id = v_batch.id;
  end if;
  return cardinality(v_job_ids) + 1;
end
$$;
comment on function private.remove_batches(interval, int) is
  'Removes jobs of the batch that ended first, longer ago than this, and the batch with its last one; returns how many rows, 0 for nothing.';

create function private.remove_rows(p_kind text, p_before timestamptz, p_limit int)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_count int;
begin
  case p_kind
    when 'attempt_logs' then
      delete from private.attempt_logs as l where (l.job_id, l.attempt_id) in (
        select o.job_id, o.attempt_id from private.attempt_logs as o where o.created_at < p_before limit p_limit);
    when 'asset_access' then
      delete from public.asset_access as a where a.id in (
        select o.id from public.asset_access as o where o.id < private.uuid_at(p_before) order by o.id limit p_limit);
    when 'webhook_deliveries' then
      delete from private.webhook_deliveries as d where d.id in (
        select o.id from private.webhook_deliveries as o
        where o.id < private.uuid_at(p_before) and o.status <> 'pending' order by o.id limit p_limit);
    when 'idempotency_keys' then
      delete from public.idempotency_keys as k where (k.tenant_id, k.key) in (
        select o.tenant_id, o.key from public.idempotency_keys as o where o.created_at < p_before order by o.created_at limit p_limit);
    when 'realtime_outbox' then
      delete from public.realtime_outbox as m where m.id in (
        select o.id from public.realtime_outbox as o where o.created_at < p_before order by o.id limit p_limit for update skip locked);
    when 'queue_entries' then
      delete from procrastinate.procrastinate_jobs as e where e.id in (
        select o.id from procrastinate.procrastinate_jobs as o
        where o.status not in ('todo', 'doing')
          and not exists (select from procrastinate.procrastinate_events as v where v.job_id = o.id and v.at >= p_before)
          and not exists (select from public.stage_tasks as t where t.entry_id = o.id and t.status in ('queued', 'processing'))
        order by o.id limit p_limit for update skip locked);
    when 'queue_workers' then
      delete from procrastinate.procrastinate_workers as w
      where w.last_heartbeat < p_before
        and not exists (select from procrastinate.procrastinate_jobs as e where e.worker_id = w.id and e.status = 'doing');
  end case;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function private.remove_rows(text, timestamptz, int) is 'Removes up to so many rows of a kind from before a moment; returns how many.';

create function private.retain(p_policy private.retention, p_limit int)
returns text
language plpgsql
set search_path = ''
as $$
declare
  v_count int;
begin
  if p_policy.kind in ('task_attempts', 'job_events', 'audit_events', 'performance_metrics') then
    return private.retire_leaf(p_policy.kind, p_policy.keep_for);
  elsif p_policy.kind = 'batches' then
    v_count := private.remove_batches(p_policy.keep_for, least(p_limit, 200));
  else
    v_count := private.remove_rows(p_policy.kind, now() - p_policy.keep_for, p_limit);
  end if;
  return case when v_count > 0 then v_count || ' rows' end;
end
$$;
comment on function private.retain(private.retention, int) is 'One small step of one policy; returns what it did, null for nothing.';

create function private.tick_slowly()
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
    exception when lock_not_available or deadlock_detected or foreign_key_violation or object_in_use then
      update private.retention set ran_at = now(), last_error = sqlerrm where kind = v_policy.kind;
      v_done := jsonb_build_object(v_policy.kind, null);
    end;
  end loop;
  return v_done;
end
$$;
comment on function private.tick_slowly() is
  'One small step of what has no hurry, of the policy of private.retention that waited longest: each is due once a minute, and again at once while it '
  'has more to remove. Returns {kind: what was done, or null}, {} when nothing is due, null while another does it. Call it until nothing is due.';

create function private.hurry_retention()
returns int
language plpgsql
-- definer: for operators, whose role may not write the table.
security definer
set search_path = ''
as $$
declare
  v_count int;
begin
  update private.retention set ran_at = null where keep_for is not null;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function private.hurry_retention() is 'For operators: makes every policy due; returns how many. private.tick_slowly then does them, step by step.';

create function private.list_retention()
returns setof private.retention
language sql
stable
-- definer: for operators, whose role may not read the table.
security definer
set search_path = ''
as $$
  select * from private.retention order by kind
$$;
comment on function private.list_retention() is 'For operators: how long what is kept, and what its removal last did.';

create function private.set_retention(p_kind text, p_keep_for interval)
returns jsonb
language plpgsql
-- definer: for operators, whose role may not write the table.
security definer
set search_path = ''
as $$
begin
  if p_keep_for < interval '1 day' then
    raise exception 'Nothing is removed before it is a day old.' using errcode = 'CR001', hint = 'Give a day or more, or null to keep for ever.';
  end if;
  update private.retention set keep_for = p_keep_for where kind = p_kind;
  if not found then
    raise exception 'There is no policy for %.', coalesce(p_kind, 'null') using errcode = 'CR002',
      hint = 'Use one of ' || (select string_agg(r.kind, ', ' order by r.kind) from private.retention as r) || '.';
  end if;
  return (select to_jsonb(r) from private.retention as r where r.kind = p_kind);
end
$$;
comment on function private.set_retention(text, interval) is 'For operators: how long a kind of row is kept; null for ever. Raises CR001 or CR002.';

create trigger audit after update of keep_for on private.retention
for each row execute function private.audit_row('kind', 'ran_at,removed_count,removed_at,last_step,last_error');

grant execute on function private.list_retention(), private.set_retention(text, interval), private.hurry_retention(), private.tick_slowly()
to service_role, cliprow_api;
grant execute on function private.tick_slowly() to cliprow_worker;

create or replace function private.end_attempt(p_task public.stage_tasks, p_status text, p_error jsonb, p_timings jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.task_attempts
  set status = p_status, finished_at = now(), timings = coalesce(p_timings, '{}'),
    error_code = p_error ->> 'error_code', error_message = p_error ->> 'message', next_step = p_error ->> 'next_step',
    is_retriable = (p_error ->> 'is_retriable')::boolean
  where job_id = p_task.job_id and id = p_task.attempt_id;
  if coalesce(p_error ->> 'log', '') <> '' then
    insert into private.attempt_logs (job_id, attempt_id, lines)
    values (p_task.job_id, p_task.attempt_id, right(p_error ->> 'log', 32768)) on conflict (job_id, attempt_id) do nothing;
  end if;
  delete from public.artifacts
  where tenant_id = p_task.tenant_id and content_key = p_task.content_key
    and status = 'computing' and attempt_id = p_task.attempt_id;
  perform private.wake_waiting_for(p_task.tenant_id, p_task.content_key);
end
$$;
comment on function private.end_attempt(public.stage_tasks, text, jsonb, jsonb) is
  'Closes the running attempt of a task without a result, and lets tasks run that waited for it.';

create or replace function private.fail_task(
  p_job_id uuid, p_task_id uuid, p_attempt_id uuid, p_error jsonb, p_timings jsonb default '{}'
)
returns text
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_task public.stage_tasks := private.lock_own_task(p_job_id, p_task_id, p_attempt_id);
  v_status text;
begin
  perform private.end_attempt(v_task, 'failed', p_error, p_timings);
  v_task.failure_count := v_task.failure_count + 1;
  -- An error that nobody has classified may be gone the next time.
  if coalesce((p_error ->> 'is_retriable')::boolean, true)
    and v_task.failure_count < (select s.max_failures from private.settings as s) then
    update public.stage_tasks
    set status = 'pending', failure_count = v_task.failure_count, progress = 0,
      run_at = now() + private.backoff(v_task.failure_count, make_interval(secs => (p_error ->> 'retry_after_s')::float8)),
      error_code = p_error ->> 'error_code', error_message = p_error ->> 'message', next_step = p_error ->> 'next_step'
    where job_id = p_job_id and id = p_task_id;
    v_status := 'pending';
  else
    perform private.fail_for_good(v_task, p_error);
    v_status := 'failed';
  end if;
  perform private.release();
  return v_status;
end
$$;
comment on function private.fail_task(uuid, uuid, uuid, jsonb, jsonb) is
  'Ends an attempt with an error {error_code, message, next_step, is_retriable, retry_after_s, log}: the task waits for its next attempt (pending) or is a '
  'dead letter (failed). Returns which.';

create or replace function private.tick()
returns jsonb
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_may_rescue boolean;
  v_made int;
begin
  -- Every worker calls this once a second; one at a time gets through.
  if not pg_try_advisory_xact_lock(hashtext('cliprow.tick'))
    or (select s.ticked_at > now() - interval '0.9 seconds' from private.settings as s) then
    return null;
  end if;
  perform set_config('cliprow.door', 'ticker', true);
  v_may_rescue := private.may_rescue();
  v_made := private.make_partitions();
  if v_made > 0 then
    -- New leaves keep whole tables locked until the end, so nothing else is done this time.
    return jsonb_build_object('rescued', 0, 'ended_backoffs', 0, 'released', 0, 'partitions', v_made);
  end if;
  return private.do_due_work(v_may_rescue);
end
$$;
comment on function private.tick() is
  'What needs a clock: rescue of the dead, ends of backoffs, ageing, partitions. At most once a second over all workers; null when another just did it.';

create or replace function private.retry_tasks(p_job_ids uuid [], p_task_ids uuid [])
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_count int;
begin
  -- A job that goes on beside what failed stays in its generation.
  perform private.start_generation(array(
    select j.id from public.generation_jobs as j where j.id = any(p_job_ids) and j.status not in ('pending', 'processing')
  ));
  update public.stage_tasks as t
  set status = 'pending', generation = j.generation, failure_count = 0, lost_count = 0, completed_at = null, progress = 0,
    content_key = null, is_reused = false, error_code = null, error_message = null, next_step = null
  from public.generation_jobs as j
  where t.job_id = any(p_job_ids) and t.id = any(p_task_ids) and j.id = t.job_id and t.status = 'failed';
  get diagnostics v_count = row_count;
  perform private.audit_tasks('replay', p_job_ids, p_task_ids);
  return v_count;
end
$$;
comment on function private.retry_tasks(uuid [], uuid []) is
  'Runs dead letters again, of jobs that have ended or not; returns how many. Their tenant is locked.';

create or replace function private.failed_tasks(
  p_tenant_id uuid, p_project_id uuid, p_batch_id uuid, p_error_code text, p_stage text, p_since timestamptz, p_limit int
)
returns table (job_id uuid, task_id uuid)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select t.job_id, t.id
  from public.stage_tasks as t
  join public.batches as b on b.id = t.batch_id and b.deleted_at is null
  where t.tenant_id = p_tenant_id and t.status = 'failed'
    and t.project_id in (select c from private.controlled_project_ids() as c)
    and (p_project_id is null or t.project_id = p_project_id)
    and (p_batch_id is null or t.batch_id = p_batch_id)
    and (p_error_code is null or t.error_code = p_error_code)
    and (p_stage is null or t.stage = p_stage)
    and (p_since is null or t.completed_at >= p_since)
    and not private.is_discarded(t)
    -- What was withdrawn as a whole does not come back in part.
    and exists (select from public.generation_jobs as j where j.id = t.job_id and j.status <> 'cancelled')
  order by t.job_id, t.id
  limit p_limit;
end
$$;
comment on function private.failed_tasks(uuid, uuid, uuid, text, text, timestamptz, int) is
  'Dead letters of projects that the caller controls and nobody has discarded, oldest job first, by what is given of a filter.';

create or replace function private.take_deliveries(p_limit int)
returns jsonb
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
as $$
declare
  v_sender private.webhook_senders;
  v_taken jsonb := '[]';
begin
  for v_sender in
    select s.* from private.webhook_senders as s where s.next_at <= now() order by s.next_at limit p_limit for update skip locked
  loop
    exit when jsonb_array_length(v_taken) >= p_limit;
    with due as (
      select d.id from private.webhook_deliveries as d
      where d.webhook_id = v_sender.webhook_id and d.status = 'pending' and d.next_at <= now()
      order by d.next_at
      limit case when v_sender.failure_count > 0 then 1 else least(4, p_limit - jsonb_array_length(v_taken)) end
    ), taken as (
      update private.webhook_deliveries as d
      -- Who has taken it may die: then it is sent again.
      set attempt_count = d.attempt_count + 1, next_at = now() + interval '2 minutes'
      from due where d.id = due.id
      returning d.id, d.payload, d.created_at
    )
    select v_taken || coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'url', w.url, 'payload', t.payload::text,
      'secrets', array_remove(array[v_sender.secret, case when v_sender.old_until > now() then v_sender.old_secret end], null))), '[]')
    into v_taken
    from taken as t
    join public.webhooks as w on w.id = v_sender.webhook_id;
    perform private.look_again(v_sender.webhook_id);
  end loop;
  return jsonb_build_object('deliveries', v_taken, 'may_be_private', (select s.private_callbacks from private.settings as s));
end
$$;
comment on function private.take_deliveries(int) is
  'Gives out what is to be sent, with the secrets to sign it: {deliveries: [{id, url, payload, secrets}], may_be_private}. A few of each webhook, so '
  'that none makes others wait. What is not settled within two minutes is given out again.';

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

comment on table private.webhook_deliveries is
  'What webhooks are told or were told, kept for as long as private.retention says. The id stays the same over retries.';
