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
